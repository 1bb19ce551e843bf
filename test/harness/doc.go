// Package harness builds and starts the real program for the suites under test/, and speaks the driver protocol at its lowest
// level: frames of JSON terms.
//
// It deliberately shares no code with the server: what both got wrong in the same way would go unnoticed.
package harness
