# k8slab: an interactive Kubernetes course for the terminal.
#
#   make play    build, then watch the first lesson play on a real cluster
#   make test    run the tests
#   make help    the rest

KUBERNETES := $(shell awk '$$1 == "k8s.io/kubernetes" { print $$2 }' go.mod)
minor      := $(word 2,$(subst ., ,$(KUBERNETES)))
RELEASE    ?= $(shell git describe --tags --always --dirty 2>/dev/null)

# Kubernetes' components report the version that the linker gives them; without
# it a node says v0.0.0-master.
LDFLAGS := -s -w -X main.release=$(RELEASE) \
  $(foreach package,k8s.io/component-base/version k8s.io/client-go/pkg/version, \
    -X $(package).gitVersion=$(KUBERNETES) -X $(package).gitMajor=1 -X $(package).gitMinor=$(minor) \
    -X $(package).gitTreeState=clean)

# Nothing here needs a C compiler, except for the race detector.
export CGO_ENABLED := 0
GOTEST := go test -timeout 20m -ldflags '$(LDFLAGS)'

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/k8slab
	@hack/build bin/k8slab -ldflags '$(LDFLAGS)'

.PHONY: play
play: build ## build, then play the lesson replicaset-updates
	@bin/k8slab play replicaset-updates

.PHONY: test
test: build ## run the tests, and prove the lessons
	$(GOTEST) ./...
	bin/k8slab dev check

.PHONY: fixtures
fixtures: build ## record what the tests of checks are run on anew
	bin/k8slab dev check --record internal/checks/testdata
	$(GOTEST) ./internal/checks -run Fixtures -update

.PHONY: race
race: ## run the tests with the race detector, the embedded cluster too (needs a C compiler; slow)
	CGO_ENABLED=1 $(GOTEST) -race -timeout 30m ./...

.PHONY: lint
lint: ## run the linters of .golangci.yml
	go tool -modfile=tools/go.mod golangci-lint run

.PHONY: bench
bench: build ## measure and print a table (see docs/benchmarks.md)
	@go build -ldflags '$(LDFLAGS)' -o bin/bench ./hack/bench
	@bin/bench bin/k8slab

.PHONY: bench-kind
bench-kind: ## compare kind clusters with those that kind itself makes (needs Docker)
	@go build -o bin/kind sigs.k8s.io/kind
	@go build -ldflags '$(LDFLAGS)' -o bin/bench ./hack/bench
	@bin/bench kind bin/kind

.PHONY: conformance
conformance: build ## run upstream's conformance specs (FOCUS=, FAST=1; see docs/conformance.md)
	@cd conformance && go test -c -ldflags '$(LDFLAGS)' -o ../bin/conformance.test .
	@cd conformance && go build -o ../bin/ginkgo github.com/onsi/ginkgo/v2/ginkgo
	@FOCUS='$(FOCUS)' FAST='$(FAST)' PROCS='$(PROCS)' conformance/run

.PHONY: soak
soak: ## wear a cluster out and see whether anything grows; SOAK="-rollouts 20" for less (see docs/soak.md)
	@mkdir -p bin
	@go build -ldflags '$(LDFLAGS)' -o bin/soak ./hack/soak
	@bin/soak $(SOAK)

.PHONY: cross
cross: ## compile for the other platforms
	GOOS=linux GOARCH=arm64 go build -o /dev/null ./cmd/k8slab
	GOOS=darwin GOARCH=arm64 go build -o /dev/null ./cmd/k8slab

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
