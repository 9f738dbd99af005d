/*
 * oracle_kept.c: what must still be there, and what must be gone: letters when nobody waits for them, a dossier with
 * all its rows after its time. DOMAIN, "Two layers" and "Privacy".
 */
#include <string.h>

#include "id.h"
#include "oracle.h"

static bool stands(const struct sim *sim, enum sch_table table, const struct sch_record_key *key)
{
    static uint8_t value[SCH_BODY_SIZE_MAX];
    size_t size;

    return sch_store_get(sim->store, table, sch_record_key_bytes(key), value, sizeof value, &size) == SCH_STORE_OK;
}

static bool is_passed(const struct sim *sim, const struct sim_message *message, const struct sch_address *party)
{
    struct sch_record_key key = sch_record_key_passed(party, message->stored_ms, message->sequence);

    return stands(sim, SCH_TABLE_PASSED, &key);
}

/* A message and its letter: the letter until all have ended, the rest as long as its dossier. */
static void check_message(const struct told *told, size_t index)
{
    struct sim *sim = told->sim;
    const struct sim_message *message = &sim->message[index];
    bool gone = told->dossier[message->dossier].purged;
    bool letter = message->letter && message->part_count == 0 && told->ended[index] < message->to_count;
    struct sch_record_key key = sch_record_key_id(&message->header.id);

    if (stands(sim, SCH_TABLE_MESSAGE, &key) == gone)
        sim_violation(sim, "a message of kind %d is %s, its dossier is %s", (int)message->header.kind,
                      gone ? "there" : "gone", gone ? "gone" : "there");
    if (stands(sim, SCH_TABLE_BODY, &key) != letter)
        sim_violation(sim, "a letter of kind %d is %s, and %u of %zu have ended", (int)message->header.kind,
                      letter ? "gone" : "there", told->ended[index], message->to_count);
    if (!message->receipted)
        return;                         /* under which sequence, nobody was told */
    if (is_passed(sim, message, &message->header.sender) == gone)
        sim_violation(sim, "%s cannot reconcile what it sent, or for ever", message->header.sender.text);
    for (size_t i = 0; i < message->to_count; i++)
        if (is_passed(sim, message, &message->to[i]) == gone)
            sim_violation(sim, "%s cannot reconcile what it was sent, or for ever", message->to[i].text);
}

struct rows {
    const struct told *told;
    enum sch_table table;
};

static bool check_row(void *context, struct sch_bytes key, struct sch_bytes value)
{
    const struct rows *rows = context;
    uint64_t sequence;
    struct sch_id id, chain;
    int64_t due_ms;
    int code = SCH_E_FIELD_INVALID, index;

    switch (rows->table) {
    case SCH_TABLE_TRAIL: code = sch_record_read_trail(key, &id, &sequence); break;
    case SCH_TABLE_CHAIN: code = sch_record_read_chain(key, &chain, &id); break;
    case SCH_TABLE_PARTY: code = sch_record_read_party(key, &id); break;
    case SCH_TABLE_OPEN: code = sch_record_read_open(key, &due_ms, &id); break;
    case SCH_TABLE_DUE: code = sch_record_read_due(key, &due_ms, &id); break;
    case SCH_TABLE_KENMERK: code = sch_record_kenmerk_decode(value, &id); break;
    default: break;
    }
    index = code == SCH_OK ? sim_dossier_find(rows->told->sim, &id) : -1;
    if (index < 0 || rows->told->dossier[index].purged)
        sim_violation(rows->told->sim, "a row of table %d names a dossier that is gone", (int)rows->table);
    return rows->told->sim->violations == 0;
}

void oracle_kept(struct told *told)
{
    static const enum sch_table tables[] = { SCH_TABLE_TRAIL, SCH_TABLE_CHAIN, SCH_TABLE_PARTY,
                                             SCH_TABLE_OPEN,  SCH_TABLE_DUE,   SCH_TABLE_KENMERK };
    struct sim *sim = told->sim;

    for (size_t i = 0; i < sim->message_count && sim->violations == 0; i++)
        if (told->stored[i] == 1 && sim->message[i].dossier >= 0)
            check_message(told, i);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && sim->purged > 0; i++) {
        struct rows rows = { told, tables[i] };

        if (sch_store_scan(sim->store, tables[i], (struct sch_bytes){ 0 }, (struct sch_bytes){ 0 }, false, SIZE_MAX,
                           check_row, &rows) != SCH_STORE_OK)
            sim_violation(sim, "table %d cannot be scanned", (int)tables[i]);
    }
}
