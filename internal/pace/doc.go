// Package pace has work in the background leave clients most of what they do without it. It does not know what the work is, nor what clients do: it is
// told how much they have done.
package pace
