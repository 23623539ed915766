# oomlab: reproduce and explain out-of-memory kills. `make help` lists the targets.

VERSION  := 0.1.0
BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
REPORTS  ?= reports

CC       ?= cc
WARN     := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
            -Wswitch-enum -Wformat=2 -Wwrite-strings
WERROR   ?= $(if $(CI),-Werror)
OPT      ?= -O2 -g
SAN      ?=
# One static program serves the host, the guest and a FROM scratch image; sanitizers need dynamic.
STATIC   ?= $(if $(SAN),,-static)
CFLAGS   ?=
ALLFLAGS := -std=gnu11 $(OPT) $(WARN) $(WERROR) $(SAN) -fno-omit-frame-pointer -pthread \
            -D_GNU_SOURCE -DOOMLAB_VERSION='"$(VERSION)"' -MMD -MP $(CFLAGS)
LAB_INC  := -Ilab -I.
LAB_LIBS := -lcgroup -ljansson -larchive -ldw -lelf -lz -llzma -lbz2
CHECK_LIBS := -lcheck_pic -lsubunit -lrt -lm

SRC_C      := $(wildcard src/*.c)
LAB_C      := $(wildcard lab/*.c lab/*/*.c)
SCENARIO_C := $(filter-out scenarios/scenario_main.c,$(wildcard scenarios/*.c))
CHECK_C    := $(wildcard tests/check_*.c)
BENCH_C    := $(wildcard tests/bench/*.c)
HELPER_C   := $(wildcard tests/helpers/*.c)

SRC_O      := $(SRC_C:%.c=$(BUILD)/%.o)
LAB_O      := $(LAB_C:%.c=$(BUILD)/%.o)
LIB        := $(BUILD)/liboomlab.a
LABLIB     := $(BUILD)/lab.a
SCENARIOS  := $(SCENARIO_C:scenarios/%.c=$(BUILD)/scenarios/%)
CHECKS     := $(CHECK_C:tests/%.c=$(BUILD)/tests/%)
BENCHES    := $(BENCH_C:tests/%.c=$(BUILD)/tests/%)
HELPERS    := $(HELPER_C:tests/%.c=$(BUILD)/tests/%)

.DEFAULT_GOAL := help
.PHONY: all help
.SECONDARY:

all: $(BUILD)/oomlab $(LIB) $(SCENARIOS)

help:
	@echo "targets: all"

$(BUILD)/oomlab: $(BUILD)/lab/main.o $(LABLIB) $(LIB)
	$(CC) $(ALLFLAGS) $(STATIC) -o $@ $^ $(LAB_LIBS) 2>$@.link || { cat $@.link >&2; exit 1; }
	@grep -v 'statically linked applications requires\|in function' $@.link >&2 || true; rm -f $@.link

$(LABLIB): $(filter-out $(BUILD)/lab/main.o,$(LAB_O))
	@rm -f $@
	$(AR) rcsD $@ $^

$(LIB): $(SRC_O)
	@rm -f $@
	$(AR) rcsD $@ $^

$(BUILD)/scenarios/%: $(BUILD)/scenarios/%.o $(BUILD)/scenarios/scenario_main.o $(LIB)
	$(CC) $(ALLFLAGS) $(STATIC) -o $@ $^

# Tests link only what they use: the archive members the test's symbols ask for.
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(LABLIB) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALLFLAGS) -o $@ $^ $(CHECK_LIBS) $(LAB_LIBS)

$(BUILD)/lab/%.o: lab/%.c
	@mkdir -p $(@D)
	$(CC) $(ALLFLAGS) $(LAB_INC) -c -o $@ $<

$(BUILD)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(ALLFLAGS) $(LAB_INC) -Itests -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALLFLAGS) -Isrc -c -o $@ $<

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
