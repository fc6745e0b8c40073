package kind

import (
	"strings"
	"testing"
)

func TestHintForText(t *testing.T) {
	tests := []struct {
		says, want string // what Docker 20.10 to 28 and kind v0.33.0 say
	}{
		{"permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get \"http://%2Fvar%2Frun%2Fdocker.sock/v1.50/info\": dial unix /var/run/docker.sock: connect: permission denied", "usermod -aG docker"},
		{"Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", "Start the engine"},
		{"docker info: no answer: context deadline exceeded", "Start the engine"},
		{"docker: Error response from daemon: failed to create endpoint: write /var/lib/docker/x: no space left on device", "docker system df"},
		{"OCI runtime create failed: unable to apply caps: operation not permitted", "privileged"},
		{"could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network", "docker network prune"},
		{"all predefined address pools have been fully subnetted", "docker network prune"},
		{"fsnotify watcher: too many open files", "fs.inotify"},
		{"error execution phase wait-control-plane: client rate limiter Wait returned an error", "in time"},
		{"kubeadm: exit status 1", ""},
	}
	for _, tt := range tests {
		got := hintForText(tt.says)
		if !strings.Contains(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("%q:\n got %q\nwant %q in it", tt.says, got, tt.want)
		}
	}
}
