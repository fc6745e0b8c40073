package container

import (
	"crypto/rand"
	"encoding/hex"
)

// newID returns a random ID of 64 hex digits, as containerd has them.
func newID() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
