// Package noquery keeps bubbletea from talking to the terminal before anybody has
// asked it to.
//
// Version 1 of it asks the terminal for its background colour in an init function, in
// every process that links it: a kubectl that only lists Pods would write escape
// sequences, wait for the answer, and swallow what has been typed meanwhile. It does
// not if TERM says that the terminal cannot answer. So TERM says that while packages are
// initialized: this package's variable comes first, because Go initializes packages in
// the order of their import paths where their imports allow it, this one imports
// only os, and bubbletea needs github.com/muesli/termenv, which is sorted behind it.
// Version 2 of bubbletea does not ask.
//
// Deliberately absent: everything else.
package noquery

import "os"

// term is what TERM was before; ok says whether it was set.
var term, ok = hide()

func hide() (string, bool) {
	term, ok := os.LookupEnv("TERM")
	if ok {
		_ = os.Setenv("TERM", "dumb")
	}
	return term, ok
}

// Restore gives TERM back. Package tui calls it as soon as bubbletea is initialized,
// which is before main begins.
func Restore() bool {
	if ok {
		_ = os.Setenv("TERM", term)
	}
	return ok
}
