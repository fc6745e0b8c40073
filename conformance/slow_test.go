package conformance

// slow are expressions for the specs that take longer than half a minute and
// that upstream does not label Slow. Most of that is waiting.
var slow = []string{}
