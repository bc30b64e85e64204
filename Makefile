# make demo     builds ocean and serves a demo mailbox on 127.0.0.1, ports 1110 (STLS) and 1995 (TLS)
# make check    builds everything, lints, and runs the unit tests, without other servers
# make test     builds everything and runs all tests, those of the release last and if 33 minutes are not over
# make test-release builds the program for installing and runs process tests against it (minutes)
# make test-oracle compares ocean with what its documents say about the way in, by random configs (minutes)
# make test-dovecot compares configs that 'ocean import dovecot' made with Dovecot 2.3 and 2.4 (minutes)
# make test-valkey runs the tests of the shared state with Valkey in the place of Redis (minutes)
# make test-nfs runs ocean with mail on NFS, in a virtual machine (minutes)
# make test-fleet kills, stops and cuts off hosts that serve mail together, and checks what is promised (minutes; as root)
# make release  builds the program for installing: .build/release/ocean, stripped
# make install  installs that, with a unit, the manual, completions, documents, below PREFIX (/usr/local)
# make deb      makes a Debian package of it: .build/deb
# make test-deb installs, upgrades, and removes that package in Debian 12 and 13 (minutes)
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
# Without symbols, without what nothing calls, and the same code once: nothing here compares the addresses of functions.
FLAGS      := -Xlinker -s -Xlinker --gc-sections -Xlinker --no-export-dynamic -Xlinker --icf=all
# Without the tables for unwinding, which are large: nothing here throws or catches as C++ does, and backtraces
# follow frame pointers.
FLAGS      += -Xlinker $(CURDIR)/deploy/no-unwinding.ld
# Packed relocations, where the C library understands them (glibc 2.36).
FLAGS      += $(shell getconf GNU_LIBC_VERSION | awk '{ split($$2, v, "."); if (v[1] > 2 || v[2] >= 36) print "-Xlinker -z -Xlinker pack-relative-relocs" }')
# Generic types are made by calls. By their names, which is a little smaller, each would take a search through all
# conformances of the program at every start.
FLAGS      += -Xswiftc -Xfrontend -Xswiftc -disable-concrete-type-metadata-mangled-name-accessors
# Whether two parts of the program use one value at the same time is checked by the compiler, and by the builds that run
# the tests. A check at each access while clients are served takes a tenth of a session's instructions.
FLAGS      += -Xswiftc -enforce-exclusivity=unchecked
DOCDIR      = $(DESTDIR)$(PREFIX)/share/doc/ocean
MANDIR     ?= $(PREFIX)/share/man
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
FISHDIR    ?= $(PREFIX)/share/fish/vendor_completions.d
# The program that is installed.
OCEAN_PROGRAM ?= .build/release/ocean

.PHONY: demo check test test-release test-oracle test-dovecot test-valkey test-nfs test-fleet build release install deb test-deb docs format lint clean packages

demo: packages build
	@examples/demo "$(CURDIR)/$(OCEAN)"

check: packages lint
	Tests/run build unit

test: packages
	Tests/setup
	Tests/run

test-release: packages
	Tests/setup
	Tests/run build release

test-oracle: build
	Tests/oracle --ocean $(OCEAN) --pairs 60 --attempts 20 --connections 100

test-dovecot: build
	OCEAN_PROGRAM=$(OCEAN) Tests/dovecot

test-valkey:
	swift build --build-tests
	Tests/valkey

test-nfs: build
	Tests/nfs $(OCEAN)

test-fleet: build
	python3 Tests/fleet --ocean $(OCEAN) --prove-the-checks
	python3 Tests/fleet --ocean $(OCEAN) --minutes 3

build: packages
	swift build --product ocean

# The commit and its date, with a + if the sources differ from it; empty without git. Nothing of when or where it is built.
COMMIT = $(shell git diff --quiet HEAD 2>/dev/null; test $$? -eq 1 && plus=+; git log -1 --abbrev=8 --format="%h$$plus, %cs" 2>/dev/null)

# What little is used of the C++ library is put into the program: the loader would relocate all of the library at every
# start. Swift names it without a choice, so the linker finds the archive first, beside the objects.
release: packages
	@bin=$$(swift build -c release --scratch-path $(SCRATCH) --show-bin-path) && mkdir -p "$$bin" && \
	    archive=$$("$$(dirname "$$(command -v swift)")/clang" -print-file-name=libstdc++.a) && \
	    if [ -e "$$archive" ]; then ln -sf "$$archive" "$$bin/libstdc++.a"; fi
	OCEAN_COMMIT="$${OCEAN_COMMIT-$(COMMIT)}" swift build -c release --scratch-path $(SCRATCH) --product ocean --static-swift-stdlib --disable-local-rpath $(FLAGS)

# Builds nothing, because root need not have the Swift toolchain. DESTDIR is for packages. The manual and the completions
# come from the program itself. A unit or a logrotate file that exists is not touched, since administrators change them; the
# version that would have been installed is among the documents. `ocean init` makes the config.
install:
	@test -x "$(OCEAN_PROGRAM)" || { echo "Missing: $(OCEAN_PROGRAM) (run: make release)"; exit 1; }
	$(INSTALL) -d "$(DESTDIR)$(PREFIX)/bin" "$(DOCDIR)" "$(DESTDIR)$(UNITDIR)" "$(DESTDIR)$(SYSCONFDIR)/ocean" \
	    "$(DESTDIR)$(SYSCONFDIR)/logrotate.d" "$(DESTDIR)$(MANDIR)" "$(DESTDIR)$(BASHDIR)" "$(DESTDIR)$(ZSHDIR)" "$(DESTDIR)$(FISHDIR)"
	$(INSTALL) "$(OCEAN_PROGRAM)" "$(DESTDIR)$(PREFIX)/bin/ocean"
	"$(OCEAN_PROGRAM)" schema --man "$(DESTDIR)$(MANDIR)"
	"$(OCEAN_PROGRAM)" --generate-completion-script bash >"$(DESTDIR)$(BASHDIR)/ocean"
	"$(OCEAN_PROGRAM)" --generate-completion-script zsh >"$(DESTDIR)$(ZSHDIR)/_ocean"
	"$(OCEAN_PROGRAM)" --generate-completion-script fish >"$(DESTDIR)$(FISHDIR)/ocean.fish"
	$(INSTALL) -m 644 README.md CHANGELOG.md docs/*.md docs/*.yaml schema/*.json "$(DOCDIR)"
	cd examples && find . -name '*.yaml' -exec $(INSTALL) -D -m 644 {} "$(DOCDIR)/examples/{}" \;
	@for file in ocean.service ocean.yaml ocean.logrotate; do \
	    sed 's|/usr/local/|$(PREFIX)/|g; s|/etc/ocean/|$(SYSCONFDIR)/ocean/|g' deploy/$$file >"$(DOCDIR)/$$file" && \
	    chmod 644 "$(DOCDIR)/$$file" || exit 1; \
	done
	@keep() { \
	    if [ ! -e "$$2" ]; then echo "new: $$2"; $(INSTALL) -m 644 "$$1" "$$2"; \
	    elif ! cmp -s "$$1" "$$2"; then echo "kept: $$2 (the new one is $$1)"; fi; \
	}; \
	keep "$(DOCDIR)/ocean.service" "$(DESTDIR)$(UNITDIR)/ocean.service" && \
	keep "$(DOCDIR)/ocean.logrotate" "$(DESTDIR)$(SYSCONFDIR)/logrotate.d/ocean"
	@test -e "$(DESTDIR)$(SYSCONFDIR)/ocean/ocean.yaml" || echo "next: $(PREFIX)/bin/ocean init"

# Of the built program, as `install`.
deb:
	@deploy/debian/build .build/deb

test-deb:
	Tests/package

docs: build
	$(OCEAN) schema >schema/ocean.schema.json
	$(OCEAN) schema --tests >schema/ocean-tests.schema.json
	$(OCEAN) schema --fleet >schema/ocean-fleet.schema.json
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
