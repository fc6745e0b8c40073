package servers_test

import "testing"

// BenchmarkNginxTest reads the image's configuration, as every start does.
func BenchmarkNginxTest(b *testing.B) {
	g := newNode(b).start("nginx")
	for b.Loop() {
		g.sh("nginx -t")
	}
}
