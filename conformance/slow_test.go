package conformance

// slow returns expressions for the specs that took longer than half a minute and
// that upstream does not label Slow. Most of that is waiting.
func slow() []string {
	return []string{
		"CronJob should replace jobs when ReplaceConcurrent",
		"CronJob should schedule multiple jobs concurrently",
		"StatefulSet .* should perform canary updates and phased rolling updates of template modifications",
		"StatefulSet .* should perform rolling updates and roll backs of template modifications",
	}
}
