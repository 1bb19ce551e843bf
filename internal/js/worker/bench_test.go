package worker

import "testing"

// BenchmarkMachine is what each query with a script costs beside the script.
func BenchmarkMachine(b *testing.B) {
	for b.Loop() {
		m, err := newMachine()
		if err != nil {
			b.Fatal(err)
		}
		if err := m.close(); err != nil {
			b.Fatal(err)
		}
	}
}
