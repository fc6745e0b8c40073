// Package lessons holds the built-in course: one directory per lesson, in the
// order of course.yaml, embedded into the program. docs/lesson-format.md says
// what is in such a directory.
//
// Deliberately absent: any code that reads a lesson. Package lesson does that,
// for these lessons as for anybody's.
package lessons

import "embed"

// FS returns the course as package lesson reads it.
func FS() embed.FS { return course }

//go:embed course.yaml replicaset-updates rolling-surge-limits statefulset-partitions job-backoff
var course embed.FS
