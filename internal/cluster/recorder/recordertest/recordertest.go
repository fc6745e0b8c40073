// Package recordertest tests a recorder against a real cluster: [Run] is a suite for a
// test binary that has one. [Transport] makes a client's watches late, cuts them and
// lets them expire, which no real server does when asked.
package recordertest
