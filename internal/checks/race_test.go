//go:build race

package checks

// The race detector has memory of its own in the process, and ends it in its own
// words when there is no more.
const raceDetector = true
