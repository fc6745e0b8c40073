// Package lab is the vocabulary of check scripts: everything that a script may
// know about a submission and about what was observed.
//
// A check is a function with one parameter, its comment is its title:
//
//	// Three Pods run nginx:1.25.
//	func ThreePodsRunTheFirstVersion(t *lab.T) { … }
//
// It is a pure function of the submitted manifests and of what was recorded while
// the step was done. The same kinds are seen in four views:
//
//	t.Deployment("web")           what was written
//	t.Before().Deployment("web")  what was there when the step began
//	t.During().Deployment("web")  what happened to it, and to its Pods
//	t.Now().Deployment("web")     what is there at the end, or at this moment
//
// Of what happened, [T.Rollout] is the part since a Deployment's template changed, and
// [T.When] gives the state at any moment of it.
//
// A check ends in one of four outcomes. It is failed when evidence contradicts it
// ([T.Errorf], [T.Equal], [T.Never] and others); waiting while nothing does but
// evidence is missing ([T.NotYet], [T.Await]); error when the script or the
// record is at fault; passed otherwise, provided that something was asserted.
// Of several findings the worst decides: error, failed, waiting, passed.
//
// Claims about the whole step ([T.Never], [T.Always], [T.AtMost], [T.AtLeast]) wait until
// its window has closed, and are refused before something is known to have happened,
// because all of them hold where nothing has.
//
// docs/writing-checks.md is the manual for authors; its code is this package's
// examples. Deliberately absent: a client, a clock, files, randomness, generics, and
// any interface that a script would have to implement. Names for the host of
// scripts (Judge and its types) are no part of the vocabulary: scripts do not
// see them.
package lab
