# Every call that can fail, failing once. Included by the Makefile.

FAULTS := $(B)/tests/faults/faults
FAULTS_WRAP := malloc calloc realloc free mdb_get mdb_put mdb_del mdb_cursor_open mdb_cursor_get mdb_txn_begin \
    mdb_txn_renew mdb_txn_commit pwrite writev fdatasync sch_store_open sch_turn_open sch_turn_run sch_turn_queue \
    sch_store_check \
    sch_store_verify sch_store_backup sch_migrate sch_net_recv sch_net_send
$(FAULTS): $(call obj,$(wildcard tests/faults/*.c) tests/power/store_on_disk.c broker/shell/store_lmdb.c) $(LIB_TEST) \
    $(LIB_SHELL) $(LIB_CORE) $(LIB_PROTO)
	$(call link,$(addprefix -Wl$(comma)--wrap=,$(FAULTS_WRAP)) $(filter %.o,$^) $(call grouped,$(filter %.a,$^)),$(subst \
	    -llmdb,-l:liblmdb.a,$(BROKER_LIBS)))

# The same wrappers under the store alone.
LMDB_FAULTS := $(B)/tests/store/test_lmdb_faults
$(LMDB_FAULTS): $(call obj,tests/store/test_lmdb_faults.c tests/faults/fault.c broker/shell/store_lmdb.c) $(LIB_TEST) \
    $(LIB_SHELL) $(LIB_CORE) $(LIB_PROTO)
	$(call link,$(addprefix -Wl$(comma)--wrap=,$(FAULTS_WRAP)) $(filter %.o,$^) $(call grouped,$(filter %.a,$^)),$(subst \
	    -llmdb,-l:liblmdb.a,$(BROKER_LIBS)) -lcmocka)

# A share of the paths that lead to such a call, as a suite of tests/run.sh.
FAULTS_RUN := faults $(FAULTS) -- test_lmdb_faults $(LMDB_FAULTS) --

.PHONY: faults
faults: $(FAULTS) ## each path to an allocation, read, write, commit or sync of the broker fails; each call: FAULTS_FLAGS=--all
	$(Q)$(FAULTS) --seed $(or $(SEED),1) $(or $(FAULTS_FLAGS),--paths)
