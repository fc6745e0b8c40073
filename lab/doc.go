// Package lab is the vocabulary of check scripts: everything that a script may
// know about a submission and about what was observed.
//
// A check is a function with one parameter, its comment is its title:
//
//	// Three Pods run nginx:1.25.
//	func ThreePodsRunTheFirstVersion(t *lab.T) { … }
//
// It is a pure function of the submitted manifests ([T.ReplicaSet], [T.Pod])
// and of what was recorded while the step was done. The record is seen through
// three views: [T.Before], the state in which the step began; [T.During], the
// histories of the objects over the step; [T.Now], the state at its end or at
// this moment.
//
// A check ends in one of four outcomes. It is failed when evidence contradicts it
// ([T.Errorf], [T.Equal], [T.Never] and others); waiting while nothing does but
// evidence is missing ([T.NotYet], [T.Await]); error when the script or the
// record is at fault; passed otherwise, provided that something was asserted.
// Of several findings the worst decides: error, failed, waiting, passed.
//
// Deliberately absent: a client, a clock, files, randomness, generics, and any
// interface that a script would have to implement. Names for the host of
// scripts (Judge and its types) are no part of the vocabulary: scripts do not
// see them.
package lab
