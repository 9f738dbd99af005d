# Scharnier. `make help` lists the targets.
#
# Each flavour (release, asan, tsan, cov, fuzz) builds in build/<flavour>, so no clean is ever needed to switch.

FLAVOUR ?= release
BUILD   ?= build
B       := $(BUILD)/$(FLAVOUR)
PREFIX  ?= /usr/local
DESTDIR ?=
SCHARNIER_DATA ?=
N ?=
T ?=
SEED ?=

V ?= 0
ifeq ($(V),0)
Q := @
say = @printf '  %-7s %s\n' $(1) $(patsubst $(B)/%,%,$(2))
else
Q :=
say = @:
endif

CC_release := gcc
CC_asan    := gcc
CC_tsan    := gcc
CC_cov     := gcc
CC_fuzz    := clang
FLAGS_release := -O2
FLAGS_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan    := -O1 -fsanitize=thread
FLAGS_cov     := -O0 --coverage -fprofile-update=atomic
FLAGS_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

override CC := $(CC_$(FLAVOUR))
ifeq ($(CC),)
$(error unknown FLAVOUR "$(FLAVOUR)": release, asan, tsan, cov or fuzz)
endif

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
CFLAGS  := -std=c11 -g -fPIC -fvisibility=hidden -fstack-protector-strong -D_GNU_SOURCE $(FLAGS_$(FLAVOUR)) $(WARN)
# protobuf-c's generated code is C, but not ours to make pedantic.
GENFLAGS := -std=c11 -g -fPIC -fvisibility=hidden $(FLAGS_$(FLAVOUR)) -w
INC     := -Iinclude -Iproto -Ibroker -Iadapters/client -I$(B)/gen -Itests/lib
LDFLAGS := $(FLAGS_$(FLAVOUR)) -Wl,-z,relro,-z,now
PROTO_LIBS  := -lprotobuf-c -lsodium -linih
CLIENT_LIBS := -lzmq $(PROTO_LIBS)
BROKER_LIBS := -lzmq -llmdb -lmicrohttpd -lsystemd -lpthread $(PROTO_LIBS)

# ---- what is built from what -------------------------------------------------------------------

CORE   := $(wildcard broker/core/*.c)
PORTS  := broker/shell/net_zmq.c broker/shell/store_lmdb.c broker/shell/clock_posix.c broker/shell/reader.c
SHELL_ := $(filter-out $(PORTS),$(wildcard broker/shell/*.c)) $(wildcard broker/turn*.c)
PROTO  := $(wildcard proto/*.c)
CLIENT := $(wildcard adapters/client/*.c)
CLI    := $(wildcard adapters/cli/*.c)
HL7V2  := $(wildcard adapters/hl7v2/*.c)
TESTLIB := $(wildcard tests/lib/*.c)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

GEN_C := $(B)/gen/scharnier.pb-c.c
GEN_O := $(B)/gen/scharnier.pb-c.o

LIB_CORE  := $(B)/lib/libsch-core.a
LIB_PROTO := $(B)/lib/libsch-proto.a
LIB_SHELL := $(B)/lib/libsch-shell.a
LIB_PORTS := $(B)/lib/libsch-ports.a
LIB_TEST  := $(B)/lib/libsch-test.a
LIB_HL7V2 := $(B)/lib/libsch-hl7v2.a
LIBSCHARNIER_A  := $(B)/lib/libscharnier.a
LIBSCHARNIER_SO := $(B)/lib/libscharnier.so.0

SCHARNIERD := $(B)/bin/scharnierd
SCHARNIER  := $(B)/bin/scharnier
HL7V2_BIN  := $(B)/bin/scharnier-hl7v2
BINS := $(SCHARNIERD) $(SCHARNIER) $(HL7V2_BIN)

JOBS := $(shell nproc 2>/dev/null || echo 2)

.PHONY: all
all: $(BINS) $(LIBSCHARNIER_A) $(LIBSCHARNIER_SO) ## build everything (FLAVOUR=release|asan|tsan|cov|fuzz, V=1 shows commands)

# ---- rules -------------------------------------------------------------------------------------

$(B)/obj/%.o: %.c | $(B)/gen/scharnier.pb-c.h
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS) $(INC) -MMD -MP -c $< -o $@

$(B)/gen/scharnier.pb-c.h: $(GEN_C) ;
$(GEN_C): proto/scharnier.proto
	@mkdir -p $(@D)
	$(call say,PROTOC,$<)
	$(Q)protoc-c --proto_path=proto --c_out=$(B)/gen $<
$(GEN_O): $(GEN_C)
	$(Q)$(CC) $(GENFLAGS) -I$(B)/gen -c $< -o $@

define archive
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^
endef
$(LIB_CORE): $(call obj,$(CORE)) ; $(archive)
$(LIB_PROTO): $(call obj,$(PROTO)) $(GEN_O) ; $(archive)
$(LIB_SHELL): $(call obj,$(SHELL_)) ; $(archive)
$(LIB_PORTS): $(call obj,$(PORTS)) ; $(archive)
$(LIB_TEST): $(call obj,$(TESTLIB)) ; $(archive)
$(LIB_HL7V2): $(call obj,$(filter-out adapters/hl7v2/main.c,$(HL7V2))) ; $(archive)
$(LIBSCHARNIER_A): $(call obj,$(CLIENT) $(PROTO)) $(GEN_O) ; $(archive)
$(LIBSCHARNIER_SO): $(call obj,$(CLIENT) $(PROTO)) $(GEN_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,-soname,libscharnier.so.0 -o $@ $^ $(CLIENT_LIBS)
	$(Q)ln -sf libscharnier.so.0 $(B)/lib/libscharnier.so

define link
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(1) $(2)
endef
$(SCHARNIERD): $(call obj,broker/main.c) $(LIB_SHELL) $(LIB_PORTS) $(LIB_CORE) $(LIB_PROTO)
	$(call link,$(call obj,broker/main.c) -Wl$(comma)--start-group $(LIB_SHELL) $(LIB_PORTS) -Wl$(comma)--end-group $(LIB_CORE) $(LIB_PROTO),$(BROKER_LIBS))
# The CLI computes norms without a broker, so it links the pure core and the loader of norm files; and it asks the
# broker of this machine over its control socket.
CLI_EXTRA := $(call obj,broker/shell/norm_file.c broker/shell/control_ask.c) $(LIB_CORE)
$(SCHARNIER): $(call obj,$(CLI)) $(LIBSCHARNIER_A) $(CLI_EXTRA)
	$(call link,$(call obj,$(CLI)) $(CLI_EXTRA) $(LIBSCHARNIER_A),$(CLIENT_LIBS) -ljansson)
$(HL7V2_BIN): $(call obj,$(HL7V2)) $(LIBSCHARNIER_A)
	$(call link,$(call obj,$(HL7V2)) $(LIBSCHARNIER_A),$(CLIENT_LIBS) -lsystemd)
comma := ,

.PRECIOUS: $(B)/obj/%.o

# ---- for users ----------------------------------------------------------------------------------

.PHONY: deps
deps: ## install the Debian packages that a build needs
	$(Q).ci/deps build

INSTALL_BIN := $(DESTDIR)$(PREFIX)/bin
INSTALL_LIB := $(DESTDIR)$(PREFIX)/lib
INSTALL_MAN := $(DESTDIR)$(PREFIX)/share/man
INSTALL_DATA := $(DESTDIR)$(PREFIX)/share/scharnier
.PHONY: install
install: all ## install into DESTDIR and PREFIX (/usr/local): programs, library, headers, manual, norms, examples
	$(Q)install -d $(INSTALL_BIN) $(INSTALL_LIB)/pkgconfig $(INSTALL_LIB)/systemd/system $(INSTALL_DATA)/norms \
	    $(INSTALL_DATA)/examples $(DESTDIR)$(PREFIX)/include/scharnier $(addprefix $(INSTALL_MAN)/man,1 3 5 8)
	$(Q)install -m 755 $(BINS) $(INSTALL_BIN)
	$(Q)install -m 644 $(LIBSCHARNIER_A) $(INSTALL_LIB)
	$(Q)install -m 755 $(LIBSCHARNIER_SO) $(INSTALL_LIB)
	$(Q)ln -sf libscharnier.so.0 $(INSTALL_LIB)/libscharnier.so
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@VERSION@|$(VERSION)|g' adapters/client/scharnier.pc.in \
	    >$(INSTALL_LIB)/pkgconfig/scharnier.pc
	$(Q)install -m 644 include/scharnier/*.h $(DESTDIR)$(PREFIX)/include/scharnier
	$(Q)install -m 644 adapters/norms/*.ini $(INSTALL_DATA)/norms
	$(Q)install -m 644 $(wildcard adapters/examples/*.*) proto/PROTOCOL.md proto/scharnier.proto $(INSTALL_DATA)/examples
	$(Q)sed 's|/usr/bin/scharnierd|$(PREFIX)/bin/scharnierd|g' broker/scharnierd.service \
	    >$(INSTALL_LIB)/systemd/system/scharnierd.service
	$(Q)for page in $(wildcard broker/*.[58] adapters/*/*.[138]); do \
	    install -m 644 $$page $(INSTALL_MAN)/man$${page##*.}/; done
VERSION := $(shell sed -n 's/^\#define SCH_VERSION "\(.*\)"/\1/p' include/scharnier/version.h)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile tests/*.mk tests/*/*.mk 2>/dev/null | \
	    sed 's/:.*## /\t/' | sort | awk -F'\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

-include $(wildcard tests/*/*.mk)
include tests/tests.mk
-include $(shell find $(B) -name '*.d' 2>/dev/null)
