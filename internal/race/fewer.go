package race

// Fewer is n, or a tenth of it when the race detector watches.
func Fewer(n int) int {
	if Enabled {
		return max(n/10, 1)
	}
	return n
}
