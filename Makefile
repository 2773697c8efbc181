# Mingluo: what there is to do. `make run` and `make test` are all one needs.
# Only Go has to be installed; the tests' tools are installed by need-tools.

GO ?= go
BIN := bin/mingluo

.PHONY: run build test soak need-tools short lint bench growth screenshots gallery dist dist-check clean

run: build
	@$(BIN) demo $(ARGS)

build:
	@CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/mingluo

# Everything, with the race detector and in random order.
# What a machine cannot test is said at the end. As root with apt nothing may be
# wanting: a tool that a test needs and TOOLS does not name fails the test.
test: need-tools lint
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then export MINGLUO_TOOLS=all; fi; \
	skipped=$$(mktemp); export MINGLUO_SKIPPED=$$skipped; \
	echo '$(GO) test -race -shuffle=on -timeout 12m ./...'; \
	$(GO) test -race -shuffle=on -timeout 12m ./...; status=$$?; \
	sort -u $$skipped; rm -f $$skipped; exit $$status

# The long forms of the fault tests: hours. See internal/faulttest.
soak: need-tools
	MINGLUO_SOAK=1 $(GO) test -count=1 -timeout 12h -run 'T[0-9][0-9]' -v ./...

# With -race, so that the tests' run finds everything compiled.
lint:
	@test -z "$$(gofmt -l cmd channels internal)" || { gofmt -l cmd channels internal; echo 'gofmt would change these files'; exit 1; }
	$(GO) vet -race ./...

# What the tests use beside Go: a real Redis, a real browser, xmllint, strace,
# mkfs.ext4 and mount, systemd-analyze. Without apt or without root nothing is installed; the tests then
# name what they skip.
TOOLS := redis-server:redis-server chromium:chromium xmllint:libxml2-utils strace:strace mkfs.ext4:e2fsprogs mount:mount systemd-analyze:systemd
need-tools:
	@missing=""; \
	for t in $(TOOLS); do command -v $${t%%:*} >/dev/null 2>&1 || missing="$$missing $${t##*:}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "installing$$missing"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null \
	    || echo "NOT INSTALLED:$$missing. The tests that need them fail."; \
	else \
	  echo "MISSING:$$missing (no root or no apt). The tests that need them are skipped."; \
	fi

# The figures of the README and of deploy/performance.md.
bench: build
	@for b in import start count fanout desk fold append page slice smpp-encode; do $(BIN) bench $$b -json; done
	@$(BIN) bench fanout -carrier smpp -n 3000 -json

# How the figures grow from 10,000 to a million, drawn for the performance
# page: some seven minutes on two idle cores. GROWTH=10000000 takes an hour and
# 16 GiB of memory.
GROWTH ?= 1000000
growth: build
	@$(BIN) bench growth -n $(GROWTH) -o deploy/pictures/growth.svg

# The pictures of the README, made by a browser from a running demo.
screenshots: TOOLS += fc-match:fontconfig
screenshots: need-tools build
	@fc-list :lang=zh | grep -q . || apt-get install -y -qq fonts-noto-cjk >/dev/null
	MINGLUO_PICTURES=$(CURDIR)/deploy/pictures $(GO) test -count=1 -run TestPictures ./internal/app/demo

# Every screen, to be looked at: desk and phone, Chinese and English, live and
# drill. Some eight minutes. ONLY=board,signin takes those alone.
GALLERY ?= gallery
gallery: TOOLS += fc-match:fontconfig
gallery: need-tools
	@fc-list :lang=zh | grep -q . || apt-get install -y -qq fonts-noto-cjk >/dev/null
	MINGLUO_GALLERY=$(abspath $(GALLERY)) MINGLUO_GALLERY_ONLY=$(ONLY) $(GO) test -count=1 -timeout 30m -run 'TestGallery|TestEveryScreen' ./internal/app/demo

# What is carried to a machine without internet: static binaries with their
# checksums. The version is the commit's, stamped by go; times and owners are
# fixed, so that two runs give the same bytes (make dist-check).
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
ARCHES := amd64 arm64 loong64
DIST := dist

dist: $(ARCHES:%=$(DIST)/mingluo-$(VERSION)-linux-%.tar.gz)
	@cd $(DIST) && sha256sum $(^F) > SHA256SUMS && cat SHA256SUMS

$(DIST)/mingluo-$(VERSION)-linux-%.tar.gz: FORCE
	@stage=$(DIST)/stage-$*; name=mingluo-$(VERSION)-linux-$*; \
	rm -rf $$stage && mkdir -p $$stage/$$name && \
	CGO_ENABLED=0 GOOS=linux GOARCH=$* $(GO) build -trimpath -buildvcs=true -ldflags='-s -w -buildid=' -o $$stage/$$name/mingluo ./cmd/mingluo && \
	{ $(GO) version -m $$stage/$$name/mingluo | grep -q vcs.revision || { echo 'no version was stamped: build from a plain git clone'; exit 1; }; } && \
	cp README.md LICENSE deploy/mingluo.example.toml deploy/mingluo.service $$stage/$$name/ && \
	chmod 755 $$stage/$$name $$stage/$$name/mingluo && chmod 644 $$stage/$$name/[RL]* $$stage/$$name/mingluo.* && \
	tar --sort=name --mtime=@$(EPOCH) --owner=0 --group=0 --numeric-owner --format=ustar -C $$stage -cf $$stage/$$name.tar $$name && \
	gzip -n9 < $$stage/$$name.tar > $@ && rm -rf $$stage

# One architecture, twice, byte by byte.
dist-check:
	@$(MAKE) --no-print-directory dist DIST=dist/first ARCHES=amd64 >/dev/null
	@$(MAKE) --no-print-directory dist DIST=dist/second ARCHES=amd64 >/dev/null
	@cmp dist/first/SHA256SUMS dist/second/SHA256SUMS && echo "two builds are equal" && rm -rf dist/first dist/second

FORCE:

clean:
	rm -rf bin dist
