package recorder

import "time"

// lateness is by how much events have arrived late, compared with other kinds'
// events that came after them, or with a list that already had them.
type lateness struct {
	by time.Duration
	at time.Time // when it was noted
}

// latenessMemory is for how long a lateness is expected to come again.
const latenessMemory = time.Minute

func (l *lateness) note(now time.Time, by time.Duration) {
	if by >= l.now(now) {
		*l = lateness{by, now}
	}
}

// now returns by how much what is on its way may be late.
func (l *lateness) now(now time.Time) time.Duration {
	if now.Sub(l.at) > latenessMemory {
		return 0
	}
	return l.by
}
