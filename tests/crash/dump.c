/*
 * dump.c: prints a stopped broker's store as JSON, one row a line, for judge.py.
 *
 * It decodes with the store's own readers (STORE.md) and judges nothing: no rule of the core is called.
 * Usage: dump STORE
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "shell/record.h"
#include "shell/store_lmdb.h"

static void fail(const char *what)
{
    fprintf(stderr, "dump: %s\n", what);
    exit(1);
}

static const char *hex(const struct sch_id *id, char text[33])
{
    return sodium_bin2hex(text, 33, id->bytes, sizeof id->bytes);
}

static bool print_message(void *context, struct sch_bytes key, struct sch_bytes value)
{
    static struct sch_message_row row;
    struct sch_arena *arena = context;
    struct sch_header header;
    struct sch_fault fault;
    char id[33], dossier[33], subject[33];

    (void)key;
    sch_arena_reset(arena);
    if (sch_record_message_decode(value, &row) != SCH_OK ||
        sch_header_decode(row.header, arena, &header, &fault) != SCH_OK)
        fail("a message cannot be read");
    printf("{\"t\":\"message\",\"id\":\"%s\",\"dossier\":\"%s\",\"kind\":%d,\"made\":%d,\"sender\":\"%s\","
           "\"sequence\":%" PRIu64 ",\"stored\":%" PRId64 ",\"size\":%" PRIu32 ",\"subject\":\"%s\","
           "\"concerned\":\"%s\",\"letter_date\":%" PRId64 ",\"event_date\":%" PRId64
           ",\"expected_date\":%" PRId64 ",\"started\":%" PRId64 ",\"outcome\":%" PRId64 ",\"recipients\":[",
           hex(&row.id, id), hex(&row.dossier, dossier), (int)row.kind, (int)row.made, row.sender.text,
           row.sequence, row.stored_ms, row.body_size, hex(&header.subject, subject), header.concerned.text,
           header.fact[SCH_FACT_LETTER_DATE], header.fact[SCH_FACT_EVENT_DATE],
           header.fact[SCH_FACT_EXPECTED_DATE], header.fact[SCH_FACT_STARTED], header.fact[SCH_FACT_OUTCOME]);
    for (size_t i = 0; i < row.recipient_count; i++)
        printf("%s{\"address\":\"%s\",\"state\":%d,\"at\":%" PRId64 "}", i > 0 ? "," : "",
               row.recipient[i].address.text, (int)row.recipient[i].state, row.recipient[i].at_ms);
    puts("]}");
    return true;
}

static bool print_dossier(void *context, struct sch_bytes key, struct sch_bytes value)
{
    static struct sch_dossier dossier;
    char id[33];

    (void)context;
    (void)key;
    if (sch_record_dossier_decode(value, &dossier) != SCH_OK)
        fail("a dossier cannot be read");
    printf("{\"t\":\"dossier\",\"id\":\"%s\",\"phase\":%d,\"deliveries\":%zu,\"members\":[",
           hex(&dossier.id, id), (int)dossier.phase, dossier.delivery_count);
    for (size_t i = 0; i < dossier.member_count; i++)
        printf("%s\"%s\"", i > 0 ? "," : "", dossier.member[i].address.text);
    printf("],\"instances\":[");
    for (size_t i = 0; i < dossier.instance_count; i++) {
        const struct sch_instance *instance = &dossier.instance[i];

        printf("%s{\"e\":%u,\"member\":%u,\"standing\":%d,\"step\":%d,\"opened_by\":\"%s\","
               "\"norm_due\":%" PRId64 ",\"due\":%" PRId64 ",\"remind\":%" PRId64 "}",
               i > 0 ? "," : "", (unsigned)instance->expectation, (unsigned)instance->member,
               (int)instance->standing, (int)instance->step, hex(&instance->opened_by, id),
               instance->norm_due_ms, instance->due_ms, instance->remind_ms);
    }
    puts("]}");
    return true;
}

static bool print_mailbox(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct sch_mailbox_entry entry;
    struct sch_address mailbox;
    uint64_t sequence;
    char id[33];

    (void)context;
    if (sch_record_read_mailbox(key, &mailbox, &sequence) != SCH_OK ||
        sch_record_mailbox_decode(value, &entry) != SCH_OK)
        fail("a mailbox row cannot be read");
    printf("{\"t\":\"mailbox\",\"address\":\"%s\",\"message\":\"%s\"}\n", mailbox.text,
           hex(&entry.message, id));
    return true;
}

static bool print_body(void *context, struct sch_bytes key, struct sch_bytes value)
{
    (void)context;
    (void)key;
    printf("{\"t\":\"body\",\"size\":%zu}\n", value.len);
    return true;
}

static bool print_due(void *context, struct sch_bytes key, struct sch_bytes value)
{
    struct sch_id dossier;
    int64_t due_ms;
    char id[33];

    (void)value;
    if ((context == NULL ? sch_record_read_due(key, &due_ms, &dossier) :
                           sch_record_read_open(key, &due_ms, &dossier)) != SCH_OK)
        fail("an index row cannot be read");
    printf("{\"t\":\"%s\",\"at\":%" PRId64 ",\"dossier\":\"%s\"}\n", context == NULL ? "due" : "open", due_ms,
           hex(&dossier, id));
    return true;
}

static void scan(struct sch_store *store, enum sch_table table, sch_row_fn *visit, void *context)
{
    struct sch_bytes all = { NULL, 0 };

    if (sch_store_scan(store, table, all, all, false, SIZE_MAX, visit, context) != SCH_STORE_OK)
        fail("a table cannot be read");
}

int main(int argc, char **argv)
{
    struct sch_store_options options = { .path = argc == 2 ? argv[1] : "", .read_only = true };
    struct sch_store *store;
    struct sch_arena arena;
    sch_error error = SCH_ERROR_INIT;

    if (argc != 2) {
        fprintf(stderr, "usage: dump STORE\n");
        return 2;
    }
    if (sch_store_open(&store, &options, &error) != SCH_OK)
        return sch_perror(&error);
    if (sch_arena_init(&arena, 1u << 20) != SCH_OK)
        fail("out of memory");
    scan(store, SCH_TABLE_MESSAGE, print_message, &arena);
    scan(store, SCH_TABLE_DOSSIER, print_dossier, NULL);
    scan(store, SCH_TABLE_MAILBOX, print_mailbox, NULL);
    scan(store, SCH_TABLE_BODY, print_body, NULL);
    scan(store, SCH_TABLE_DUE, print_due, NULL);
    scan(store, SCH_TABLE_OPEN, print_due, &arena);
    sch_arena_close(&arena);
    sch_store_close(store);
    return 0;
}
