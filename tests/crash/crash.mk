# The crash test: real processes, killed with SIGKILL. Included by the Makefile.

CRASH := $(B)/tests/crash
CRASH_CLIENT_WRAP := -Wl,--wrap=zmq_send -Wl,--wrap=fdatasync -Wl,--wrap=rename
CRASH_BROKER_WRAP := -Wl,--wrap=mdb_txn_commit -Wl,--wrap=zmq_msg_send -Wl,--wrap=clock_gettime
CRASH_BROKER_O := $(call obj,broker/main.c tests/crash/wrap_broker.c tests/crash/point.c)
CRASH_CLIENT_O := $(call obj,tests/crash/party.c tests/crash/wrap_client.c tests/crash/point.c)
CRASH_BROKER_LIBS := $(LIB_SHELL) $(LIB_PORTS) $(LIB_CORE) $(LIB_PROTO)
CRASH_BROKER_A := -Wl,--start-group $(LIB_SHELL) $(LIB_PORTS) -Wl,--end-group $(LIB_CORE) $(LIB_PROTO)
CRASH_BINS := $(CRASH)/scharnierd $(CRASH)/sender $(CRASH)/receiver $(CRASH)/dump

$(CRASH)/scharnierd: $(CRASH_BROKER_O) $(CRASH_BROKER_LIBS)
	$(call link,$(CRASH_BROKER_WRAP) $(CRASH_BROKER_O) $(CRASH_BROKER_A),$(BROKER_LIBS))
$(CRASH)/sender $(CRASH)/receiver: $(CRASH)/%: $(B)/obj/tests/crash/%.o $(CRASH_CLIENT_O) $(LIBSCHARNIER_A)
	$(call link,$(CRASH_CLIENT_WRAP) $< $(CRASH_CLIENT_O) $(LIBSCHARNIER_A),$(CLIENT_LIBS))
$(CRASH)/dump: $(call obj,tests/crash/dump.c) $(CRASH_BROKER_LIBS)
	$(call link,$< $(CRASH_BROKER_A),$(BROKER_LIBS))

CRASH_PY := /usr/bin/python3 tests/crash/crash.py
CRASH_RUN := crash $(CRASH_PY) --cheap --rounds 6 --
.PHONY: crash
crash: $(CRASH_BINS) ## N rounds (50) of SIGKILL, full disks, wrong clocks, cut networks; SCENES="kills clock"
	$(Q)SCHARNIER_BUILD=$(abspath $(B)) $(CRASH_PY) --rounds $(or $(N),50) $(if $(SEED),--seed $(SEED)) \
	    $(SCENES:%=--scene %)
