.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/netgen.
	CGO_ENABLED=0 go build -trimpath -o bin/netgen ./cmd/netgen

.PHONY: check
check: lint test ## What CI runs.

.PHONY: test
test: ## Run all tests, other projects' verdicts included.
	go test -race ./...
	go test -C conformance ./...
	test "$$(uname)" != Linux || go test -C e2e/packets -short ./...

.PHONY: e2e
e2e: e2e-packets e2e-argocd e2e-flux ## Run everything against the real programs.

.PHONY: e2e-packets
e2e-packets: ## Enforce policies on real packets, and write docs/packets.md (half an hour, most of it compiling).
	NETGEN_PACKETS_REPORT=$(CURDIR)/docs/packets.md nice -n 5 go test -C e2e/packets -p 1 -count 1 -timeout 60m -v ./...

.PHONY: e2e-flux
e2e-flux: ## Hold overlays and pushes against Flux, and run the image.
	go test -C e2e/flux ./...
	go test -C e2e/image ./...

.PHONY: e2e-argocd
e2e-argocd: ## Run the plug-in in Argo CD's own server (a minute to compile, 1.3 GB to link).
	nice -n 15 go test -C e2e/argocd -p 1 -count 1 -v -ldflags '-s -w' .

.PHONY: crash
crash: ## Kill 1,000 builds, and run 32 at once 100 times (a quarter of an hour).
	NETGEN_CRASH=1 nice -n 5 go test -race ./cmd/netgen -count 1 -timeout 60m -v -run '^(TestKill|TestStop|TestFailOnce|TestCrash|TestBuildsAtOnce|TestOneTree|TestDirectoryBecomesLink|TestEncodeExactRandom)$$'

.PHONY: golden
golden: ## Write everything anew that tests compare with: read the diff.
	NETGEN_UPDATE=1 go test ./...

.PHONY: lint
lint: bin/golangci-lint bin/actionlint ## Run the linters.
	bin/golangci-lint run ./...
	cd conformance && ../bin/golangci-lint run --config ../.golangci.yml ./...
	cd e2e/packets && ../../bin/golangci-lint run --config ../../.golangci.yml ./...
	bin/actionlint .github/workflows/*.yml
	go mod tidy -diff
	go -C conformance mod tidy -diff
	go -C e2e/packets mod tidy -diff

bin/golangci-lint: tools/lint/go.mod tools/lint/go.sum
	go build -C tools/lint -o $(CURDIR)/bin/golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint

bin/actionlint: tools/actionlint/go.mod tools/actionlint/go.sum
	go build -C tools/actionlint -o $(CURDIR)/bin/actionlint github.com/rhysd/actionlint/cmd/actionlint

.PHONY: fmt
fmt: bin/golangci-lint ## Format the Go files.
	bin/golangci-lint fmt ./...

BENCH_LIMIT ?= 10m

.PHONY: bench
bench: ## Measure netgen beside other programs, and write docs/performance.md (two hours; BENCH_LIMIT=60s, less).
	go run -C bench ./cmd/bench -limit $(BENCH_LIMIT)

.PHONY: bench-check
bench-check: ## Say which ratios are worse than stored in bench/ratios.json (a few minutes).
	go run -C bench ./cmd/bench -check -limit $(BENCH_LIMIT)

.PHONY: microbench
microbench: ## Run the Go benchmarks of builds, proofs and diffs of up to 10,000 services.
	GOGC=400 go test -p 1 ./gen ./proof/verify ./proof/diff ./report/graph -run '^$$' -bench 'Build|Prove|Diff|SVG|HTML' -benchmem -benchtime 5x

.PHONY: differential
differential: ## Hold the evaluator against others over 10,000,000 cells.
	NETGEN_CELLS=10000000 go test -C conformance -timeout 30m -run Differential -v ./evaluator

FUZZTIME ?= 1m

.PHONY: fuzz
fuzz: ## Fuzz every input, FUZZTIME (1m) each.
	go test ./gen -run '^$$' -fuzz FuzzCheck -fuzztime $(FUZZTIME)
	go test ./gen/topology -run '^$$' -fuzz FuzzWire -fuzztime $(FUZZTIME)
	go test ./gen/kustomize -run '^$$' -fuzz FuzzEncodeText -fuzztime $(FUZZTIME)
	go test ./gen/kustomize -run '^$$' -fuzz FuzzParseLock -fuzztime $(FUZZTIME)
	go test ./internal/foreign -run '^$$' -fuzz FuzzPlain -fuzztime $(FUZZTIME)
	go test ./internal/revision -run '^$$' -fuzz FuzzCommit -fuzztime $(FUZZTIME)
	go test ./diag -run '^$$' -fuzz FuzzRender -fuzztime $(FUZZTIME)
	go test ./proof/manifest -run '^$$' -fuzz FuzzParse -fuzztime $(FUZZTIME)
	go test ./proof/render -run '^$$' -fuzz FuzzOverlay -fuzztime $(FUZZTIME)
	go test ./report/changes -run '^$$' -fuzz FuzzFormats -fuzztime $(FUZZTIME)
	go test ./artifact/registry -run '^$$' -fuzz FuzzReference -fuzztime $(FUZZTIME)
	go test ./cmd/netgen -run '^$$' -fuzz FuzzPluginRequest -fuzztime $(FUZZTIME)
	go test ./cmd/netgen -run '^$$' -fuzz FuzzQuestion -fuzztime $(FUZZTIME)
	go test ./cmd/netgen -run '^$$' -fuzz FuzzResourceList -fuzztime $(FUZZTIME)
