package servers_test

import (
	"os"
	"testing"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m, os.Stderr)) }
