/*
 * map_out.c: from values to an HL7v2 message, in the form that a map gives their kind; and ACKs.
 *
 * What has a field of its own in a form goes there; every other fact is an observation with the fact's
 * name, coding system SCHARNIER, so that nothing is lost between two of these adapters.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "charset.h"
#include "map.h"
#include "names.h"
#include "stamp.h"

struct form {
    const char *code, *event, *structure;
    const char *version;                /* the first that has this message; NULL: the map's */
    uint64_t native;                    /* facts that have a field of their own */
};

#define FACTS_RF1 (SCH_FACT_BIT(URGENCY) | SCH_FACT_BIT(LETTER_DATE))
#define FACTS_ORC (SCH_FACT_BIT(STARTED) | SCH_FACT_BIT(EVENT_DATE) | SCH_FACT_BIT(EXPECTED_DATE))

static const struct form forms[SCH_MAP_FORM_COUNT] = {
    [SCH_MAP_FORM_REF_I12] = {"REF", "I12", "REF_I12", NULL, FACTS_RF1},
    [SCH_MAP_FORM_REF_I14] = {"REF", "I14", "REF_I12", NULL, FACTS_RF1},
    [SCH_MAP_FORM_RRI_I12] = {"RRI", "I12", "RRI_I12", NULL, FACTS_RF1},
    [SCH_MAP_FORM_SIU_S12] = {"SIU", "S12", "SIU_S12", NULL, SCH_FACT_BIT(EVENT_DATE)},
    [SCH_MAP_FORM_SIU_S26] = {"SIU", "S26", "SIU_S12", NULL, SCH_FACT_BIT(EVENT_DATE)},
    [SCH_MAP_FORM_OSU_O51] = {"OSU", "O51", "OSU_O51", "2.8", FACTS_ORC},
    [SCH_MAP_FORM_MDM_T02] = {"MDM", "T02", "MDM_T02", NULL, SCH_FACT_BIT(EVENT_DATE)},
};

struct writing {
    const struct sch_map *map;
    const struct sch_map_values *values;
    const struct sch_map_envelope *envelope;
    const struct form *form;
    struct sch_hl7_writer pen;
    unsigned observations;
};

/* What the map calls this kind in messages of this form; its own name when the map is silent. */
static const char *kind_code(const struct writing *writing)
{
    char set[SCH_MAP_WORD_MAX + 1];

    snprintf(set, sizeof set, "kind %s^%s", writing->form->code, writing->form->event);
    const char *outside = sch_map_outside(writing->map, set, writing->values->kind);
    return outside != NULL ? outside : sch_code_name(SCH_SET_KIND, writing->values->kind);
}

/* The outside code of a coded fact; its own name when the map is silent; NULL when not stated. */
static const char *fact_code(const struct writing *writing, enum sch_fact fact)
{
    int64_t value = writing->values->fact[fact];

    if (value == 0)
        return NULL;
    const char *outside = sch_map_outside(writing->map, sch_fact_name(fact), value);
    return outside != NULL ? outside : sch_code_name(sch_fact_set(fact), value);
}

static void put_code(struct writing *writing, unsigned field, enum sch_fact fact)
{
    int64_t value = writing->values->fact[fact];

    if (value == 0)
        return;
    sch_hl7_put(&writing->pen, field, 1, fact_code(writing, fact));
    sch_hl7_put(&writing->pen, field, 2, sch_code_dutch(sch_fact_set(fact), value));
}

static void put_date(struct writing *writing, unsigned field, unsigned component, enum sch_fact fact)
{
    if (writing->values->fact[fact] != 0)
        sch_hl7_put_number(&writing->pen, field, component, writing->values->fact[fact]);
}

static void put_kenmerk(struct writing *writing, unsigned field)
{
    sch_hl7_put(&writing->pen, field, 1, writing->values->kenmerk);
    if (writing->values->kenmerk[0] != 0)
        sch_hl7_put(&writing->pen, field, 2, "SCHARNIER");
}

/* ---- segments ---------------------------------------------------------------------------------- */

static void put_msh(struct writing *writing)
{
    struct sch_hl7_writer *pen = &writing->pen;
    const struct sch_map *map = writing->map;
    const struct form *form = writing->form;

    sch_hl7_begin(pen, "MSH");
    sch_hl7_put(pen, 3, 1, map->application);
    sch_hl7_put(pen, 4, 1, map->facility);
    sch_hl7_put(pen, 5, 1, map->to_application);
    sch_hl7_put(pen, 6, 1, map->to_facility);
    sch_hl7_put(pen, 7, 1, writing->envelope->time);
    sch_hl7_put(pen, 9, 1, form->code);
    sch_hl7_put(pen, 9, 2, form->event);
    sch_hl7_put(pen, 9, 3, form->structure);
    sch_hl7_put(pen, 10, 1, writing->envelope->control_id);
    sch_hl7_put(pen, 11, 1, map->processing);
    sch_hl7_put(pen, 12, 1, form->version != NULL && strcmp(map->version, form->version) < 0 ? form->version
                                                                                             : map->version);
    sch_hl7_put(pen, 17, 1, "NLD");
    sch_hl7_put(pen, 18, 1, map->latin1 ? "8859/1" : "UNICODE UTF-8");
    sch_hl7_end(pen);
}

/* A PID is mandatory in every form: an unknown patient is one without identity. */
static void put_pid(struct writing *writing)
{
    if (writing->envelope->patient.len > 0) {
        sch_hl7_put_segment(&writing->pen, writing->envelope->patient);
        return;
    }
    sch_hl7_begin(&writing->pen, "PID");
    sch_hl7_put(&writing->pen, 1, 1, "1");
    sch_hl7_end(&writing->pen);
}

static void put_prd(struct writing *writing, const char *role, const char *meaning, const char *name,
                    const char *agb)
{
    struct sch_hl7_writer *pen = &writing->pen;

    sch_hl7_begin(pen, "PRD");
    sch_hl7_put(pen, 1, 1, role);
    sch_hl7_put(pen, 1, 2, meaning);
    sch_hl7_put(pen, 2, 1, name);
    if (agb[0] != 0) {
        sch_hl7_put(pen, 7, 1, agb);
        sch_hl7_put(pen, 7, 2, "VEKTIS");
    }
    sch_hl7_end(pen);
}

static void put_note(struct writing *writing)
{
    char text[600];

    sch_map_describe(writing->values, text, sizeof text);
    sch_hl7_begin(&writing->pen, "NTE");
    sch_hl7_put(&writing->pen, 1, 1, "1");
    sch_hl7_put(&writing->pen, 3, 1, text);
    sch_hl7_end(&writing->pen);
}

static void begin_observation(struct writing *writing, const char *type, const char *code, const char *name)
{
    struct sch_hl7_writer *pen = &writing->pen;

    sch_hl7_begin(pen, "OBX");
    sch_hl7_put_number(pen, 1, 1, ++writing->observations);
    sch_hl7_put(pen, 2, 1, type);
    sch_hl7_put(pen, 3, 1, code);
    sch_hl7_put(pen, 3, 2, name);
    sch_hl7_put(pen, 3, 3, "SCHARNIER");
}

static void end_observation(struct writing *writing)
{
    sch_hl7_put(&writing->pen, 11, 1, "F");
    sch_hl7_end(&writing->pen);
}

static void put_fact(struct writing *writing, enum sch_fact fact)
{
    int64_t value = writing->values->fact[fact];
    const char *name = sch_fact_name(fact);
    struct sch_hl7_writer *pen = &writing->pen;
    char text[SCH_STAMP_SIZE];

    switch (sch_fact_type(fact)) {
    case SCH_TYPE_CODE:
        begin_observation(writing, "CE", name, NULL);
        sch_hl7_put(pen, 5, 1, fact_code(writing, fact));
        sch_hl7_put(pen, 5, 2, sch_code_dutch(sch_fact_set(fact), value));
        break;
    case SCH_TYPE_TIME:
        begin_observation(writing, "TS", name, NULL);
        sch_stamp_text(value, text);
        sch_hl7_put(pen, 5, 1, text);
        break;
    case SCH_TYPE_DATE:
    case SCH_TYPE_NUMBER:
        begin_observation(writing, sch_fact_type(fact) == SCH_TYPE_DATE ? "DT" : "NM", name, NULL);
        sch_hl7_put_number(pen, 5, 1, value);
        break;
    }
    end_observation(writing);
}

static void put_document(struct writing *writing, const struct sch_attachment *document)
{
    struct sch_hl7_writer *pen = &writing->pen;
    char type[64];
    const char *slash = strchr(document->media_type, '/');
    size_t size = sodium_base64_ENCODED_LEN(document->content.len, sodium_base64_VARIANT_ORIGINAL);
    char *base64 = malloc(size);

    if (base64 == NULL) {
        pen->failed = true;
        return;
    }
    sodium_bin2base64(base64, size, document->content.ptr, document->content.len,
                      sodium_base64_VARIANT_ORIGINAL);
    snprintf(type, sizeof type, "%.*s", slash != NULL ? (int)(slash - document->media_type) : 0,
             document->media_type);
    begin_observation(writing, "ED", "document", document->name);
    sch_hl7_put(pen, 5, 2, type);
    sch_hl7_put(pen, 5, 3, slash != NULL ? slash + 1 : document->media_type);
    sch_hl7_put(pen, 5, 4, "Base64");
    sch_hl7_put_raw(pen, 5, 5, (struct sch_bytes){(const uint8_t *)base64, strlen(base64)});
    end_observation(writing);
    free(base64);
}

static bool is_original(const struct sch_attachment *document)
{
    return strcmp(document->media_type, "application/hl7-v2") == 0;
}

static void put_observations(struct writing *writing)
{
    const struct sch_map_values *values = writing->values;

    for (unsigned f = 0; f < SCH_FACT_COUNT; f++)
        if (values->fact[f] != 0 && (writing->form->native & UINT64_C(1) << f) == 0)
            put_fact(writing, (enum sch_fact)f);
    for (unsigned s = 0; s < SCH_SECTION_COUNT; s++) {
        if (values->section[s] == NULL)
            continue;
        begin_observation(writing, "TX", sch_section_name(s), sch_section_dutch(s));
        sch_hl7_put(&writing->pen, 5, 1, values->section[s]);
        end_observation(writing);
    }
    for (size_t i = 0; i < values->attachment_count; i++)
        if (writing->map->with_original || !is_original(&values->attachment[i]))
            put_document(writing, &values->attachment[i]);
}

/* ---- forms ------------------------------------------------------------------------------------- */

/* The status of a referral in RF1-1, table 0283. */
static const char *referral_status(const struct writing *writing)
{
    switch (writing->values->kind) {
    case SCH_KIND_REFERRAL: return "P";
    case SCH_KIND_WITHDRAWAL: return "C";
    default: return kind_code(writing);
    }
}

/* What the map calls the receiving mailbox; the mailbox itself when the map is silent. */
static const char *mailbox_code(const struct writing *writing)
{
    const struct sch_map *map = writing->map;
    const char *mailbox = writing->envelope->receiver;

    for (size_t i = 0; i < map->receiver_count; i++)
        if (strcmp(map->receivers[i].address.text, mailbox) == 0)
            return map->receivers[i].outside;
    return mailbox;
}

static void put_referral(struct writing *writing)
{
    struct sch_hl7_writer *pen = &writing->pen;
    const struct sch_map_envelope *envelope = writing->envelope;
    const struct sch_map_values *values = writing->values;
    bool answer = strcmp(writing->form->code, "RRI") == 0;

    sch_hl7_begin(pen, "RF1");
    sch_hl7_put(pen, 1, 1, referral_status(writing));
    put_code(writing, 2, SCH_FACT_URGENCY);
    sch_hl7_put(pen, 3, 1, answer ? "" : mailbox_code(writing));
    sch_hl7_put(pen, 6, 1, values->order);
    put_date(writing, 7, 1, SCH_FACT_LETTER_DATE);
    put_kenmerk(writing, 11);
    sch_hl7_end(pen);
    /* In an answer the one who writes is the one who was referred to. */
    put_prd(writing, "RP", "Referring Provider", answer ? "" : envelope->sender_name,
            answer ? envelope->receiver_agb : envelope->sender_agb);
    put_prd(writing, "RT", "Referred to Provider", answer ? envelope->sender_name : "",
            answer ? envelope->sender_agb : envelope->receiver_agb);
    put_pid(writing);
    sch_hl7_begin(pen, "OBR");
    sch_hl7_put(pen, 1, 1, "1");
    sch_hl7_put(pen, 2, 1, values->order);
    put_kenmerk(writing, 3);
    sch_hl7_put(pen, 4, 1, sch_code_name(SCH_SET_KIND, values->kind));
    sch_hl7_put(pen, 4, 2, sch_code_dutch(SCH_SET_KIND, values->kind));
    sch_hl7_end(pen);
    put_observations(writing);
    put_note(writing);
}

static void put_schedule(struct writing *writing)
{
    struct sch_hl7_writer *pen = &writing->pen;
    const struct sch_map_values *values = writing->values;

    sch_hl7_begin(pen, "SCH");
    sch_hl7_put(pen, 1, 1, values->order);
    put_kenmerk(writing, 2);
    sch_hl7_put(pen, 6, 1, kind_code(writing));
    sch_hl7_put(pen, 6, 2, sch_code_dutch(SCH_SET_KIND, values->kind));
    put_date(writing, 11, 4, SCH_FACT_EVENT_DATE);
    sch_hl7_end(pen);
    sch_hl7_begin(pen, "TQ1");
    sch_hl7_put(pen, 1, 1, "1");
    put_date(writing, 7, 1, SCH_FACT_EVENT_DATE);
    sch_hl7_end(pen);
    put_note(writing);
    put_pid(writing);
    put_observations(writing);
    sch_hl7_begin(pen, "RGS");
    sch_hl7_put(pen, 1, 1, "1");
    sch_hl7_end(pen);
}

/* ORC-5 says what the order has come to: the map's code of the kind, or, of a start, of `started`. */
static const char *order_status(const struct writing *writing)
{
    const char *started = fact_code(writing, SCH_FACT_STARTED);
    return started != NULL ? started : kind_code(writing);
}

static void put_order_status(struct writing *writing)
{
    struct sch_hl7_writer *pen = &writing->pen;

    put_note(writing);
    put_pid(writing);
    sch_hl7_begin(pen, "ORC");
    sch_hl7_put(pen, 1, 1, "SC");
    sch_hl7_put(pen, 2, 1, writing->values->order);
    put_kenmerk(writing, 3);
    sch_hl7_put(pen, 5, 1, order_status(writing));
    put_date(writing, 15, 1, SCH_FACT_EVENT_DATE);
    put_date(writing, 27, 1, SCH_FACT_EXPECTED_DATE);
    sch_hl7_end(pen);
    put_observations(writing);
}

static void put_letter(struct writing *writing)
{
    struct sch_hl7_writer *pen = &writing->pen;
    char text[600];

    sch_hl7_begin(pen, "EVN");
    sch_hl7_put(pen, 1, 1, "T02");
    sch_hl7_put(pen, 2, 1, writing->envelope->time);
    sch_hl7_end(pen);
    put_pid(writing);
    sch_hl7_begin(pen, "PV1");
    sch_hl7_put(pen, 1, 1, "1");
    sch_hl7_put(pen, 2, 1, "O");
    sch_hl7_end(pen);
    sch_hl7_begin(pen, "TXA");
    sch_hl7_put(pen, 1, 1, "1");
    sch_hl7_put(pen, 2, 1, kind_code(writing));
    sch_hl7_put(pen, 2, 2, sch_code_dutch(SCH_SET_KIND, writing->values->kind));
    sch_hl7_put(pen, 3, 1, "TX");
    put_date(writing, 4, 1, SCH_FACT_EVENT_DATE);
    sch_hl7_put(pen, 12, 1, writing->envelope->control_id);
    sch_hl7_put(pen, 14, 1, writing->values->order);
    put_kenmerk(writing, 15);
    sch_hl7_put(pen, 17, 1, "AU");
    sch_hl7_end(pen);
    sch_map_describe(writing->values, text, sizeof text);
    begin_observation(writing, "TX", "summary", "samenvatting");
    sch_hl7_put(pen, 5, 1, text);
    end_observation(writing);
    put_observations(writing);
}

int sch_map_out(const struct sch_map *map, const struct sch_map_values *values,
                const struct sch_map_envelope *envelope, uint8_t **text, size_t *size)
{
    enum sch_map_form form = map->form[values->kind];
    struct writing writing = {.map = map, .values = values, .envelope = envelope, .form = &forms[form]};

    if (form == SCH_MAP_FORM_NONE)
        return SCH_E_STATE;
    sch_hl7_writer_init(&writing.pen);
    put_msh(&writing);
    switch (form) {
    case SCH_MAP_FORM_SIU_S12: case SCH_MAP_FORM_SIU_S26: put_schedule(&writing); break;
    case SCH_MAP_FORM_OSU_O51: put_order_status(&writing); break;
    case SCH_MAP_FORM_MDM_T02: put_letter(&writing); break;
    default: put_referral(&writing); break;
    }
    int code = sch_hl7_writer_take(&writing.pen, text, size);
    if (code == SCH_OK && map->latin1)
        *size = sch_charset_to_latin1((struct sch_bytes){*text, *size}, *text);
    return code;
}

/* ---- acknowledgements -------------------------------------------------------------------------- */

/* Copies a party's field as it stands: its components are the peer's own. */
static void put_party(struct sch_hl7_writer *pen, const struct sch_hl7_message *message,
                      struct sch_arena *arena, unsigned from, unsigned to)
{
    for (unsigned component = 1; component <= 3; component++)
        sch_hl7_put(pen, to, component, sch_hl7_get(message, "MSH", from, component, arena));
}

int sch_map_acknowledge(const struct sch_hl7_message *message, struct sch_arena *arena,
                        const struct sch_map_ack *ack, uint8_t **text, size_t *size)
{
    struct sch_hl7_writer pen;
    const char *event = sch_hl7_get(message, "MSH", 9, 2, arena);

    sch_hl7_writer_init(&pen);
    sch_hl7_begin(&pen, "MSH");
    put_party(&pen, message, arena, 5, 3);
    put_party(&pen, message, arena, 6, 4);
    put_party(&pen, message, arena, 3, 5);
    put_party(&pen, message, arena, 4, 6);
    sch_hl7_put(&pen, 7, 1, ack->time);
    sch_hl7_put(&pen, 9, 1, "ACK");
    sch_hl7_put(&pen, 9, 2, event);
    sch_hl7_put(&pen, 9, 3, *event != 0 ? "ACK" : NULL);
    sch_hl7_put(&pen, 10, 1, ack->control_id);
    sch_hl7_put(&pen, 11, 1, sch_hl7_get(message, "MSH", 11, 1, arena));
    sch_hl7_put(&pen, 12, 1, sch_hl7_get(message, "MSH", 12, 1, arena));
    sch_hl7_end(&pen);
    sch_hl7_begin(&pen, "MSA");
    sch_hl7_put(&pen, 1, 1, ack->code);
    sch_hl7_put(&pen, 2, 1, sch_hl7_get(message, "MSH", 10, 1, arena));
    sch_hl7_put(&pen, 3, 1, ack->text);
    sch_hl7_end(&pen);
    if (ack->error[0] != 0) {
        sch_hl7_begin(&pen, "ERR");
        sch_hl7_put(&pen, 3, 1, ack->error);
        sch_hl7_put(&pen, 4, 1, "E");
        sch_hl7_put(&pen, 8, 1, ack->text);
        sch_hl7_end(&pen);
    }
    return sch_hl7_writer_take(&pen, text, size);
}
