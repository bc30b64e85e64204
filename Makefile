# make demo     builds ocean and serves a demo mailbox on 127.0.0.1, ports 1110 (STLS) and 1995 (TLS)
# make check    builds everything, lints, and runs the unit tests, without other servers
# make test     builds everything and runs all tests, those of the release last and if 33 minutes are not over
# make test-release builds the program for installing and runs process tests against it (minutes)
# make test-oracle compares ocean with what its documents say about the way in, by random configs (minutes)
# make test-nfs runs ocean with mail on NFS, in a virtual machine (minutes)
# make release  builds the program for installing: .build/release/ocean, stripped
# make install  installs that, with a systemd unit, documents and examples, below PREFIX (/usr/local)
# make docs     writes the generated documents again
# make format   formats the sources
# make clean    removes everything that the others built, and what Tests/setup unpacked

PACKAGES := libssl-dev libyaml-dev libcrypt-dev pkg-config make curl ca-certificates
OCEAN    := .build/debug/ocean
SCRATCH  := .build
SOURCES  := Package.swift Sources Tests Fuzz Benchmarks

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR    ?= $(SYSCONFDIR)/systemd/system
INSTALL    := install
# Without symbols, without what nothing calls, and the same code once.
LINK       := -Xlinker -s -Xlinker --gc-sections -Xlinker --no-export-dynamic -Xlinker --icf=safe
# Packed relocations, where the C library understands them (glibc 2.36).
LINK       += $(shell getconf GNU_LIBC_VERSION | awk '{ split($$2, v, "."); if (v[1] > 2 || v[2] >= 36) print "-Xlinker -z -Xlinker pack-relative-relocs" }')
DOCDIR      = $(DESTDIR)$(PREFIX)/share/doc/ocean

.PHONY: demo check test test-release test-oracle test-nfs build release install docs format lint clean packages

demo: packages build
	@examples/demo "$(CURDIR)/$(OCEAN)"

check: packages lint
	swift build --build-tests
	swift test --skip-build --disable-xctest --skip '^OceanTests\.'

test: packages
	Tests/setup
	Tests/run

test-release: packages
	Tests/setup
	Tests/run build release

test-oracle: build
	Tests/oracle --ocean $(OCEAN) --pairs 60 --attempts 20 --connections 100

test-nfs: build
	Tests/nfs $(OCEAN)

build: packages
	swift build --product ocean

# The commit and its date, with a + if the sources differ from it; empty without git. Nothing of when or where it is built.
COMMIT = $(shell git diff --quiet HEAD 2>/dev/null; test $$? -eq 1 && plus=+; git log -1 --abbrev=8 --format="%h$$plus, %cs" 2>/dev/null)

release: packages
	OCEAN_COMMIT="$${OCEAN_COMMIT-$(COMMIT)}" swift build -c release --scratch-path $(SCRATCH) --product ocean --static-swift-stdlib --disable-local-rpath $(LINK)

# Builds nothing, because root need not have the Swift toolchain. DESTDIR is for packages. An existing unit is
# not touched, since administrators change it; the version that would have been installed is among the
# documents. `ocean init` makes the config.
install:
	@test -x .build/release/ocean || { echo "Missing: .build/release/ocean (run: make release)"; exit 1; }
	$(INSTALL) -d "$(DESTDIR)$(PREFIX)/bin" "$(DOCDIR)" "$(DESTDIR)$(UNITDIR)" "$(DESTDIR)$(SYSCONFDIR)/ocean"
	$(INSTALL) .build/release/ocean "$(DESTDIR)$(PREFIX)/bin/ocean"
	$(INSTALL) -m 644 README.md CHANGELOG.md docs/*.md docs/*.yaml schema/*.json "$(DOCDIR)"
	cd examples && find . -name '*.yaml' -exec $(INSTALL) -D -m 644 {} "$(DOCDIR)/examples/{}" \;
	@for file in ocean.service ocean.yaml; do \
	    sed 's|/usr/local/|$(PREFIX)/|g; s|/etc/ocean/|$(SYSCONFDIR)/ocean/|g' deploy/$$file >"$(DOCDIR)/$$file" && \
	    chmod 644 "$(DOCDIR)/$$file" || exit 1; \
	done
	@new="$(DOCDIR)/ocean.service" used="$(DESTDIR)$(UNITDIR)/ocean.service"; \
	if [ ! -e "$$used" ]; then echo "new: $$used"; $(INSTALL) -m 644 "$$new" "$$used"; \
	elif ! cmp -s "$$new" "$$used"; then echo "kept: $$used (the new one is $$new)"; fi
	@test -e "$(DESTDIR)$(SYSCONFDIR)/ocean/ocean.yaml" || echo "next: $(PREFIX)/bin/ocean init"

docs: build
	$(OCEAN) schema >schema/ocean.schema.json
	$(OCEAN) schema --tests >schema/ocean-tests.schema.json
	$(OCEAN) schema --reference >docs/settings.md
	$(OCEAN) schema --plan >docs/plan-file.md
	$(OCEAN) schema --cli >docs/cli.md
	$(OCEAN) check --explain all >docs/diagnostics.md

format:
	swift format format -i -r --parallel $(SOURCES)

lint:
	swift format lint -r --strict --parallel $(SOURCES)

clean:
	rm -rf .build .build-* Fuzz/.build Tests/Sanitized/.build
	$(MAKE) -C Benchmarks/popload clean

# Installs the missing packages, or says how to.
packages:
	@missing=$$(for package in $(PACKAGES); do \
	    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || printf '%s ' $$package; \
	done); \
	if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install -y --no-install-recommends $$missing; \
	    else printf 'Missing packages. Run:\n\n    sudo apt-get install %s\n\n' "$$missing"; exit 1; fi; \
	fi; \
	command -v swift >/dev/null || { echo 'Missing: the Swift toolchain, 6.2 or later (https://swift.org/install)'; exit 1; }
