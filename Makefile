# oomlab: reproduce and explain out-of-memory kills. `make help` lists the targets.

VERSION  := 0.1.0
BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
REPORTS  ?= reports
KERNELS  ?= 6.12 6.1
IMAGE    ?= oomlab

CC       ?= cc
WARN     := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wswitch-enum -Wformat=2 -Wwrite-strings
WERROR   ?= $(if $(CI),-Werror)
OPT      ?= -O2 -g
SAN      ?=
# One static program serves the host, the guest and a FROM scratch image; sanitizers need dynamic.
STATIC   ?= $(if $(SAN),,-static)
CFLAGS   ?=
# Two folders make the same bytes: what is compiled in is named as seen from here.
export PWD := $(CURDIR)
ALLFLAGS := -std=gnu11 $(OPT) $(WARN) $(WERROR) $(SAN) -fno-omit-frame-pointer -pthread \
            -ffile-prefix-map='$(CURDIR)=.' -D_GNU_SOURCE -DOOMLAB_VERSION='"$(VERSION)"' -MMD -MP $(CFLAGS)
LAB_INC  := -Ilab -I.
LAB_LIBS := -lcgroup -ljansson -larchive -ldw -lelf -liberty -lz -llzma -lbz2
CHECK_LIBS := -lcheck_pic -lsubunit -lrt -lm

# Debian packages: to build, run and test, then what only the developers' targets need.
QEMU_PKG := $(if $(filter aarch64,$(shell uname -m)),qemu-system-arm,qemu-system-x86)
PACKAGES := gcc libc6-dev pkg-config libcgroup-dev libjansson-dev libarchive-dev libdw-dev \
            libelf-dev libiberty-dev zlib1g-dev liblzma-dev libbz2-dev check perl jq xz-utils zstd \
            lz4 scdoc procps libc6-dbg python3 \
            $(QEMU_PKG) qemu-system-common
# The sanitizers' libraries are a package of the same version as clang's.
DEV_PACKAGES = gdb clang $(CLANG_RT) clang-format clang-tidy cppcheck valgrind shellcheck debootstrap \
               zsh fish
CLANG_RT     = $(shell apt-cache depends clang 2>/dev/null | \
                 sed -n 's/.*Depends: clang-\([0-9]*\)$$/libclang-rt-\1-dev/p')

# The engines that tests start, what rootless Podman and the systemd driver need, and what reads the
# files in containers/.
CONTAINER_PACKAGES := docker.io podman runc crun uidmap systemd dbus-user-session python3-yaml

# What tests start as targets besides: the kernel's own tests, and programs as people have them,
# where there is none from elsewhere.
absent = $(if $(shell command -v $(1) 2>/dev/null),,$(2))
TARGET_PACKAGES = linux-source-6.1 stress-ng redis-server python3-numpy sqlite3 golang-go g++ \
                  $(call absent,npm,nodejs npm) $(call absent,javac,default-jdk-headless) \
                  $(if $(wildcard /usr/lib/postgresql/*/bin/postgres),,postgresql)

LAB_C      := $(wildcard lab/*/*.c lab/*/*/*.c)
# What scenarios are made with, and what replays a log, is no scenario.
SCENARIO_C := $(filter-out scenarios/scenario_main.c scenarios/scenario_tree.c scenarios/stage%.c,$(wildcard scenarios/*.c))
objects     = $(patsubst %.c,$(BUILD)/%.o,$(1))
programs    = $(patsubst %.c,$(BUILD)/%,$(1))
LIB        := $(BUILD)/liboomlab.a
LABLIB     := $(BUILD)/lab.a
PRELOAD    := $(BUILD)/liboomlab_preload.so
SCENARIOS  := $(call programs,$(SCENARIO_C))
STAGE      := $(BUILD)/replay-stage
WINDOWS_EXE := $(patsubst scenarios/windows/%.c,$(BUILD)/windows/%.exe,$(wildcard scenarios/windows/*.c))
SCENARIO_LIB := $(BUILD)/liboomlab_scenario.a
CHECKS     := $(call programs,$(wildcard tests/check_*.c))
BENCHES    := $(call programs,$(wildcard tests/bench/*.c)) $(BUILD)/tests/bench/charged_dynamic
FUZZERS    := $(call programs,$(wildcard tests/fuzz/*.c))
HELPERS    := $(call programs,$(wildcard tests/helpers/*.c))

.DEFAULT_GOAL := help
.SECONDARY:
.PHONY: all scenario scenarios compare list catalogue deps-windows check tests check-unit check-vm check-bare bench audit-profile audit-replay soak asan fuzz fuzzers lint \
        format deps deps-dev kernel image image-files install uninstall clean help

help: ## this text
	@echo "oomlab $(VERSION): reproduces out-of-memory kills and explains them. Start with:"
	@echo
	@echo "  make deps scenario NAME=memset-2g     installs, builds, runs, prints the report"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | \
		awk -F'|' '{ sub(/^ +/, "", $$1); printf "  make %-13s %s\n", $$1, $$2 }'
	@echo
	@echo "scenario takes MEMORY= SWAP= OVERCOMMIT= BACKEND=auto|cgroup|vm|docker|podman KERNEL=6.12|6.1|PATH"
	@echo "GUEST_RAM= TIMEOUT= THP= SCENARIO_DIR=(a folder of your own) and writes to REPORTS=$(REPORTS)."

define install_packages
	@missing=; for p in $(1); do \
		dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
		echo "make deps: no apt here; install what your system calls:$$missing" >&2; exit 1; fi; \
	as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	if [ -n "$$as_root" ] && ! command -v sudo >/dev/null; then \
		echo "make deps: neither root nor sudo; have root run: apt-get install --no-install-recommends$$missing" >&2; \
		exit 1; fi; \
	echo "make deps: $$as_root apt-get install$$missing"; \
	as_root="$$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600"; \
	$$as_root update </dev/null && \
	$$as_root install -y --no-install-recommends $$missing </dev/null >/dev/null
endef

deps: ## install what is needed (Debian packages by apt) and fetch the VM's kernels
	$(call install_packages,$(PACKAGES))
	@$(MAKE) --no-print-directory kernel

deps-dev: ## install what lint, format, fuzz and the tests of container engines need besides
	$(call install_packages,$(DEV_PACKAGES) $(CONTAINER_PACKAGES) $(TARGET_PACKAGES))

deps-windows: ## install Wine and mingw-w64 and make a folder of Wine's, for the scenarios of the group windows
	$(call install_packages,wine64 gcc-mingw-w64-x86-64)
	@$(MAKE) --no-print-directory $(WINDOWS_EXE) $(BUILD)/windows/prefix.made

kernel: ## fetch the VM's kernels into the cache (KERNELS="6.12 6.1"), nothing is installed
	@lab/launch/vm/fetch-kernel.sh $(KERNELS)

# "make deps scenario": what is built must wait until the packages are there, -j or not.
ifneq ($(filter deps deps-dev,$(MAKECMDGOALS)),)
deps-dev: | $(filter deps,$(MAKECMDGOALS))
deps-windows: | $(filter deps deps-dev,$(MAKECMDGOALS))
$(filter-out deps deps-dev deps-windows kernel,$(MAKECMDGOALS)): $(filter deps deps-dev,$(MAKECMDGOALS))
	@$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc)) $@
else

all: $(BUILD)/oomlab $(LIB) $(PRELOAD) $(SCENARIOS) $(STAGE) $(BUILD)/scenario.mk ## build everything into BUILD=build

# What the user typed reaches the shell through the environment alone, so no quoting can break.
override NAME := $(value NAME)
ifdef SCENARIO_DIR
export OOMLAB_SCENARIOS
OOMLAB_SCENARIOS := $(abspath $(BUILD)/own)
OWN := $(addprefix $(BUILD)/own/,$(notdir $(basename $(wildcard $(SCENARIO_DIR)/*.c))))
scenario scenarios list: $(OWN)
endif
export NAME MEMORY SWAP OVERCOMMIT BACKEND KERNEL GUEST_RAM TIMEOUT THP REPORTS
scenario: all ## run scenario NAME and print its report
	@[ -n "$$NAME" ] || { echo "make scenario: give NAME=..., one of:" >&2; \
		$(BUILD)/oomlab list >&2; exit 2; }
	@$(BUILD)/oomlab run --twin $${MEMORY:+"--memory=$$MEMORY"} $${SWAP:+"--swap=$$SWAP"} \
		$${OVERCOMMIT:+"--overcommit=$$OVERCOMMIT"} $${BACKEND:+"--backend=$$BACKEND"} \
		$${KERNEL:+"--kernel=$$KERNEL"} $${GUEST_RAM:+"--guest-ram=$$GUEST_RAM"} \
		$${TIMEOUT:+"--timeout=$$TIMEOUT"} $${THP:+"--thp=$$THP"} \
		"--reports=$$REPORTS" "$$NAME"

scenarios: all ## run every scenario, or GROUP="..." (KERNEL= BACKEND= REPEAT= JOBS=), and print a table
	@$(BUILD)/oomlab suite $${BACKEND:+"--backend=$$BACKEND"} $${KERNEL:+"--kernel=$$KERNEL"} \
		$(if $(REPEAT),"--repeat=$(REPEAT)") $(if $(JOBS),"--jobs=$(JOBS)") \
		"--reports=$$REPORTS" $(GROUP)

override A := $(value A)
override B := $(value B)
export A B
compare: all ## two scenarios, or folders of runs: A=... B=..., run and set side by side
	@[ -n "$$A" ] && [ -n "$$B" ] || { echo "make compare: give A=... and B=..." >&2; exit 2; }; \
	case $$A$$B in */*) exec $(BUILD)/oomlab compare "$$A" "$$B" ;; esac; \
	[ "$$A" != "$$B" ] || { echo "make compare: A and B are one scenario; for two runs of one give their folders" >&2; exit 2; }; \
	made=$$($(BUILD)/oomlab suite --json --quiet "--reports=$$REPORTS" $${BACKEND:+"--backend=$$BACKEND"} \
		$${KERNEL:+"--kernel=$$KERNEL"} "$$A" "$$B"); \
	of() { printf '%s' "$$made" | jq -er --arg n "$$1" '[.runs[] | select(.scenario == $$n)][0].folder'; }; \
	a=$$(of "$$A") && b=$$(of "$$B") || { echo "make compare: one of the two left no run" >&2; exit 1; }; \
	$(BUILD)/oomlab compare "$$a" "$$b"

catalogue: all # writes the tables of docs/scenarios.md
	@sed -i '/^## The catalogue/q' docs/scenarios.md
	@docs/catalogue $(BUILD)/oomlab >>docs/scenarios.md

list: all ## list the scenarios
	@$(BUILD)/oomlab list

# What lint compiles.
tests: $(CHECKS) $(HELPERS) $(BENCHES) $(BUILD)/containers/reports_door

# What "make check" runs: its test programs.
TESTS ?= $(CHECKS) tests/it_*.sh
check: all image-files $(CHECKS) $(HELPERS) ## run every test (boots VMs; TESTS="tests/it_x.sh ..." for some)
	@BUILD="$(BUILD)" tests/run $(TESTS)

check-unit: $(CHECKS) ## run the unit tests alone
	@BUILD="$(BUILD)" tests/run $(CHECKS)

check-vm: all image-files $(HELPERS) ## run the tests that boot VMs alone
	@BUILD="$(BUILD)" tests/run tests/it_vm*.sh

check-bare: ## run the README's two commands in a new Debian that has nothing (root; BARE="root user")
	@tests/bare $(BARE)

bench: all $(BENCHES) $(HELPERS) ## measure against floors and peers, as ratios
	@BUILD="$(BUILD)" tests/bench/run
	@BUILD="$(BUILD)" tests/bench/preload.sh
	@BUILD="$(BUILD)" tests/bench/premortem.sh
	@BUILD="$(BUILD)" tests/bench/touch.sh
	@BUILD="$(BUILD)" tests/bench/container.sh

audit-profile: all $(HELPERS) ## how right the touch profile is: a table, line by line (root; RUNS=3 CASES=)
	@BUILD="$(BUILD)" RUNS="$(or $(RUNS),3)" tests/audit/profile.sh $(CASES)

audit-replay: all ## how many kills of real logs happen again: a table (boots a VM for each; LOGS= EVENTS=)
	@BUILD="$(BUILD)" EVENTS="$(EVENTS)" tests/audit/replay.sh $(LOGS)

soak: all image-files $(HELPERS) ## kill, end, starve and damage it for hours: nothing lost, left, false (root; SOAK=short COUNT=)
	@BUILD="$(BUILD)" tests/soak/run

asan: ## unit tests under AddressSanitizer and UBSan
	@ASAN_OPTIONS=allocator_may_return_null=1 \
		$(MAKE) --no-print-directory BUILD=$(BUILD)-asan OPT="-O1 -g" \
		SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined" check-unit

# Built by clang with its libFuzzer; what is found stops the build and stays in BUILD-fuzz.
FUZZ_SECONDS ?= 60
fuzz: ## fuzz every parser for FUZZ_SECONDS=60 (the others less) under ASan and UBSan
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-fuzz CC=clang WERROR= OPT="-O1 -g" \
		SAN="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" fuzzers
	@BUILD="$(BUILD)-fuzz" tests/fuzz/run $(FUZZ_SECONDS)

fuzzers: $(FUZZERS)

lint: ## clang-tidy, cppcheck, shellcheck, valgrind, warnings as errors
	@BUILD="$(BUILD)" tests/lint

format: ## clang-format over the tree
	clang-format -i $$(git ls-files '*.c' '*.h')

# Scenarios keep their debugging information: the report names lines of theirs.
# A builder's COPY drops the setuid bit, its ADD of an archive keeps it; and so no file here has it.
# Made anew only when something in it is: tests that run side by side build images from it.
# Each scenario brings a libc along, so the image has those of the story alone.
IMAGE_SCENARIOS := $(call programs,$(shell grep -l '^	.group = "arenas",' scenarios/*.c))
image-files: $(BUILD)/image.made
$(BUILD)/image.made: $(BUILD)/oomlab $(IMAGE_SCENARIOS) $(BUILD)/containers/reports_door
	@rm -rf $(BUILD)/image; mkdir -p $(BUILD)/image/scenarios
	@install -m 755 -s $(BUILD)/containers/reports_door $(BUILD)/image/reports-door
	@tar -C $(BUILD)/image --owner=0 --group=0 --numeric-owner --mode=4755 --remove-files \
		-cf $(BUILD)/image/door.tar reports-door
	@install -m 755 -s $(BUILD)/oomlab $(BUILD)/image/oomlab
	@install -m 755 $(IMAGE_SCENARIOS) $(BUILD)/image/scenarios
	@touch $@

image: image-files ## build the container image IMAGE=oomlab with docker or podman (ENGINE=), FROM scratch
	@ENGINE="$(ENGINE)" containers/build $(BUILD)/image $(IMAGE)

INSTALL_BIN := $(DESTDIR)$(PREFIX)/bin
INSTALL_LIB := $(DESTDIR)$(PREFIX)/lib
INSTALL_INC := $(DESTDIR)$(PREFIX)/include/oomlab
INSTALL_DOC := $(DESTDIR)$(PREFIX)/share/doc/oomlab
INSTALL_MAN := $(DESTDIR)$(PREFIX)/share/man/man1
INSTALL_BASH := $(DESTDIR)$(PREFIX)/share/bash-completion/completions/oomlab
INSTALL_ZSH := $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_oomlab
INSTALL_FISH := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/oomlab.fish
HEADERS     := src/arena.h src/trace.h src/trace_format.h scenarios/scenario.h scenarios/stage.h
install: all ## install below DESTDIR and PREFIX=/usr/local
	install -d $(INSTALL_BIN) $(INSTALL_LIB)/oomlab/scenarios $(INSTALL_LIB)/pkgconfig \
		$(INSTALL_INC) $(INSTALL_DOC) $(INSTALL_MAN)
	install -m 755 $(BUILD)/oomlab $(INSTALL_BIN)
	install -m 755 $(SCENARIOS) $(INSTALL_LIB)/oomlab/scenarios
	install -m 755 $(PRELOAD) $(STAGE) scenarios/touch-check $(INSTALL_LIB)/oomlab
	install -m 644 $(LIB) $(SCENARIO_LIB) $(INSTALL_LIB)
	sed -e 's|@OOMLAB@|$(PREFIX)/bin/oomlab|' -e 's|@INCLUDES@|-I$(PREFIX)/include/oomlab|' \
		-e 's|@LIBS@|$(PREFIX)/lib/liboomlab_scenario.a $(PREFIX)/lib/liboomlab.a|' \
		-e 's|@CHECK@|$(PREFIX)/lib/oomlab/touch-check|' \
		scenarios/scenario.mk.in >$(INSTALL_LIB)/oomlab/scenario.mk
	install -m 644 $(HEADERS) $(INSTALL_INC)
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' src/oomlab.pc.in \
		>$(INSTALL_LIB)/pkgconfig/oomlab.pc
	install -m 644 README.md LICENSE $(INSTALL_DOC)
	scdoc <docs/oomlab.1.scd >$(INSTALL_MAN)/oomlab.1
	install -d $(dir $(INSTALL_BASH) $(INSTALL_ZSH) $(INSTALL_FISH))
	$(BUILD)/oomlab completion bash >$(INSTALL_BASH)
	$(BUILD)/oomlab completion zsh >$(INSTALL_ZSH)
	$(BUILD)/oomlab completion fish >$(INSTALL_FISH)

uninstall: ## remove what install put there
	rm -rf $(INSTALL_LIB)/oomlab $(INSTALL_INC) $(INSTALL_DOC)
	rm -f $(INSTALL_BIN)/oomlab $(INSTALL_LIB)/liboomlab.a $(INSTALL_LIB)/liboomlab_scenario.a \
		$(INSTALL_LIB)/pkgconfig/oomlab.pc $(INSTALL_MAN)/oomlab.1 \
		$(INSTALL_BASH) $(INSTALL_ZSH) $(INSTALL_FISH)

clean: ## remove what was built; reports stay
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz

# The linker's warning about getpwnam & co. is libcgroup's; nothing here calls them.
$(BUILD)/oomlab: $(BUILD)/lab/cli/main.o $(LABLIB) $(LIB)
	@echo "  LINK $@"; $(CC) $(ALLFLAGS) $(STATIC) -o $@ $^ $(LAB_LIBS) 2>$@.log || { cat $@.log >&2; exit 1; }
	@grep -v 'statically linked applications requires\|in function' $@.log >&2 || true; rm -f $@.log

$(LABLIB): $(filter-out $(BUILD)/lab/cli/main.o,$(call objects,$(LAB_C)))
	@rm -f $@; $(AR) rcsD $@ $^

$(LIB): $(call objects,$(wildcard src/*.c))
	@rm -f $@; $(AR) rcsD $@ $^

# It goes into programs of any kind: never with sanitizers, thread-local storage without allocation.
PRELOAD_FLAGS = $(filter-out $(SAN),$(ALLFLAGS)) -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-builtin
PRELOAD_O  := $(patsubst src/%.c,$(BUILD)/preload/%.o,$(wildcard src/preload/*.c) src/trace.c src/os_mem.c)
$(PRELOAD): $(PRELOAD_O)
	@echo "  LINK $@"; $(CC) $(PRELOAD_FLAGS) -shared -Wl,-z,defs,-z,now -o $@ $^

$(BUILD)/preload/%.o: src/%.c
	@mkdir -p $(@D); echo "  CC   $< (preload)"; $(CC) $(PRELOAD_FLAGS) -Isrc -c -o $@ $<

$(call objects,lab/launch/vm/kernel_fetch.c): lab/launch/vm/fetch-kernel.sh

# Of the stage a scenario that has none takes nothing.
$(SCENARIO_LIB): $(call objects,scenarios/scenario_main.c scenarios/scenario_tree.c $(filter-out scenarios/stage_main.c,$(wildcard scenarios/stage*.c)))
	@rm -f $@; $(AR) rcsD $@ $^

$(BUILD)/scenarios/%: $(BUILD)/scenarios/%.o $(SCENARIO_LIB) $(LIB)
	@scenarios/touch-check scenarios/$*.c $<
	@echo "  LINK $@"; $(CC) $(ALLFLAGS) $(STATIC) -o $@ $^

# Scenarios of one's own: of SCENARIO_DIR, and see "oomlab new-scenario".
$(OWN): $(BUILD)/own/%: $(SCENARIO_DIR)/%.c $(SCENARIO_LIB) $(LIB)
	@mkdir -p $(@D); echo "  LINK $@"; $(CC) $(ALLFLAGS) -Iscenarios -Isrc -c -o $@.o $< && \
		scenarios/touch-check $< $@.o && $(CC) $(ALLFLAGS) $(STATIC) -o $@ $@.o $(filter %.a,$^); \
		r=$$?; rm -f $@.o; exit $$r

$(BUILD)/scenario.mk: scenarios/scenario.mk.in
	@mkdir -p $(@D); sed -e 's|@OOMLAB@|$(abspath $(BUILD)/oomlab)|' \
		-e 's|@INCLUDES@|-I$(CURDIR)/scenarios -I$(CURDIR)/src|' \
		-e 's|@CHECK@|$(CURDIR)/scenarios/touch-check|' \
		-e 's|@LIBS@|$(abspath $(SCENARIO_LIB) $(LIB))|' $< >$@ || { rm -f $@; exit 1; }

# Windows programs, where their compiler is.
$(BUILD)/windows/%.exe: scenarios/windows/%.c
	@mkdir -p $(@D); echo "  CC   $@"; x86_64-w64-mingw32-gcc -O2 -g -Wall -Wextra -o $@ $<

# Wine's own folder takes seconds to make, and minutes in an emulated guest.
$(BUILD)/windows/prefix.made:
	@mkdir -p $(@D); rm -rf $(BUILD)/windows/prefix; echo "  WINE $(BUILD)/windows/prefix"
	@WINEPREFIX=$(abspath $(BUILD)/windows/prefix) WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml= \
		/usr/lib/wine/wine64 wineboot --init </dev/null >/dev/null 2>&1 && \
		WINEPREFIX=$(abspath $(BUILD)/windows/prefix) /usr/lib/wine/wineserver64 --wait && touch $@

# Static whatever the rest is: its processes are to be small.
$(STAGE): $(BUILD)/scenarios/stage_main.o $(SCENARIO_LIB)
	@echo "  LINK $@"; $(CC) $(filter-out $(SAN),$(ALLFLAGS)) -static -o $@ $^

# Static whatever the rest is: it is setuid, and its image holds no library.
$(BUILD)/containers/%: $(BUILD)/containers/%.o
	@echo "  LINK $@"; $(CC) $(ALLFLAGS) -static -o $@ $^

# Programs the tests start: they stand alone, as a user's would.
$(BUILD)/tests/helpers/%: tests/helpers/%.c $(LIB)
	@mkdir -p $(@D); $(CC) $(ALLFLAGS) -Isrc -o $@ $< $(LIB)

# What the preload library is tested in has no malloc of a sanitizer's.
$(BUILD)/tests/helpers/preload_calls: tests/helpers/preload_calls.c
	@mkdir -p $(@D); $(CC) $(PRELOAD_FLAGS) -fPIE -o $@ $<
$(filter $(BUILD)/tests/check_preload%,$(CHECKS)): | $(PRELOAD) $(BUILD)/tests/helpers/preload_calls
$(BUILD)/tests/check_snapshot: | $(BUILD)/tests/helpers/fuse_mute

# They run in bare guests and cgroups, where the cost of a dynamic linker is not what is asked.
$(addprefix $(BUILD)/tests/bench/,charged floor_cgroup floor_init): %: %.o $(LIB)
	@echo "  LINK $@"; $(CC) $(ALLFLAGS) -static -o $@ $^

# The same where the dynamic linker is what is asked.
$(BUILD)/tests/bench/charged_dynamic: $(BUILD)/tests/bench/charged.o $(LIB)
	@echo "  LINK $@"; $(CC) $(ALLFLAGS) -o $@ $^

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(LABLIB) $(LIB)
	@echo "  LINK $@"; $(CC) $(ALLFLAGS) -fsanitize=fuzzer -o $@ $^ $(LAB_LIBS)

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(LABLIB) $(LIB)
	@echo "  LINK $@"; $(CC) $(ALLFLAGS) -o $@ $^ $(CHECK_LIBS) $(LAB_LIBS)

$(BUILD)/lab/%.o $(BUILD)/tests/%.o: INCLUDES := $(LAB_INC) -Itests
$(BUILD)/%.o: INCLUDES ?= -Isrc
$(BUILD)/%.o: %.c
	@mkdir -p $(@D); echo "  CC   $<"; $(CC) $(ALLFLAGS) $(INCLUDES) -c -o $@ $<

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

endif
