/*
 * test_codec_proto.c: scharnier.proto against the contracts in C: enumerators and their numbers, facts and
 * their types, the names that rejections use, and what the scan takes for granted of the schema.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "names.h"
#include "wire.h"

#define DESCRIPTOR(name) &scharnier__v1__##name##__descriptor

/* Does the enumeration hold exactly the set's codes, with "<PREFIX>_" before their names, and a zero? */
static void same_codes(const ProtobufCEnumDescriptor *proto, enum sch_code_set set, const char *prefix)
{
    unsigned first = 0, count = 0;
    for (const char *name; (name = sch_code_at(set, count)) != NULL; count++) {
        int64_t number = sch_code_parse(set, name);
        first = count == 0 && number == 0 ? 1 : first;
        char expected[64];
        snprintf(expected, sizeof expected, "%s_%s", prefix, number == 0 ? "UNSPECIFIED" : name);
        const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(proto, (int)number);
        assert_non_null(value);
        assert_string_equal(value->name, expected);
    }
    assert_int_equal(proto->n_values, count + 1 - first);
    assert_non_null(protobuf_c_enum_descriptor_get_value(proto, 0));
}

static void test_code_sets(void **state)
{
    (void)state;
    static const struct {
        const ProtobufCEnumDescriptor *descriptor;
        enum sch_code_set set;
        const char *prefix;
    } pairs[] = {
        { DESCRIPTOR(kind), SCH_SET_KIND, "KIND" },
        { DESCRIPTOR(party), SCH_SET_PARTY, "PARTY" },
        { DESCRIPTOR(urgency), SCH_SET_URGENCY, "URGENCY" },
        { DESCRIPTOR(role), SCH_SET_ROLE, "ROLE" },
        { DESCRIPTOR(refusal), SCH_SET_REFUSAL, "REFUSAL" },
        { DESCRIPTOR(withdrawn), SCH_SET_WITHDRAWN, "WITHDRAWN" },
        { DESCRIPTOR(end), SCH_SET_END, "END" },
        { DESCRIPTOR(waived), SCH_SET_WAIVED, "WAIVED" },
        { DESCRIPTOR(outcome), SCH_SET_OUTCOME, "OUTCOME" },
        { DESCRIPTOR(started), SCH_SET_STARTED, "STARTED" },
        { DESCRIPTOR(next_step), SCH_SET_NEXT_STEP, "NEXT_STEP" },
        { DESCRIPTOR(bridge), SCH_SET_BRIDGE, "BRIDGE" },
        { DESCRIPTOR(setting), SCH_SET_SETTING, "SETTING" },
        { DESCRIPTOR(taken), SCH_SET_TAKEN, "TAKEN" },
        { DESCRIPTOR(cause), SCH_SET_CAUSE, "CAUSE" },
        { DESCRIPTOR(step), SCH_SET_STEP, "STEP" },
        { DESCRIPTOR(yes), SCH_SET_YES, "YES" },
        { DESCRIPTOR(system_refusal), SCH_SET_SYSTEM_REFUSAL, "SYSTEM_REFUSAL" },
        { DESCRIPTOR(delivery_state), SCH_SET_DELIVERY, "DELIVERY" },
        { DESCRIPTOR(phase), SCH_SET_PHASE, "PHASE" },
        { DESCRIPTOR(standing), SCH_SET_STANDING, "STANDING" },
        { DESCRIPTOR(mode), SCH_SET_MODE, "MODE" },
        { DESCRIPTOR(topic), SCH_SET_TOPIC, "TOPIC" },
        { DESCRIPTOR(form), SCH_SET_FORM, "FORM" },
        { DESCRIPTOR(route), SCH_SET_ROUTE, "ROUTE" },
        { DESCRIPTOR(team), SCH_SET_TEAM, "TEAM" },
        { DESCRIPTOR(noted), SCH_SET_NOTED, "NOTED" },
        { DESCRIPTOR(snoozed), SCH_SET_SNOOZED, "SNOOZED" },
        { DESCRIPTOR(silence), SCH_SET_SILENCE, "SILENCE" },
        { DESCRIPTOR(term), SCH_SET_TERM, "TERM" },
    };
    assert_int_equal(sizeof pairs / sizeof pairs[0], SCH_SET_COUNT);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_int_equal(pairs[i].set, i);
        same_codes(pairs[i].descriptor, pairs[i].set, pairs[i].prefix);
    }
}

/* Enumerations of query.h and codec.h that have no list. */
static void same_numbers(const ProtobufCEnumDescriptor *proto, const char *prefix, const char *const *names,
                         size_t count)
{
    assert_int_equal(proto->n_values, count + 1);
    for (size_t i = 0; i < count; i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "%s_%s", prefix, names[i]);
        const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(proto, (int)i + 1);
        assert_non_null(value);
        assert_string_equal(value->name, expected);
    }
}

static void test_other_enumerations(void **state)
{
    (void)state;
#define NAME(PREFIX, N) [SCH_##PREFIX##_##N - 1] = #N
    static const char *const verdicts[] = { NAME(VERDICT, COLLECTED), NAME(VERDICT, RETRY),
                                            NAME(VERDICT, REFUSED) };
    static const char *const queries[] = { NAME(QUERY, DOSSIER), NAME(QUERY, TRACE), NAME(QUERY, DOSSIERS),
                                           NAME(QUERY, UNANSWERED), NAME(QUERY, MAILBOX), NAME(QUERY, CHAIN),
                                           NAME(QUERY, AGE), NAME(QUERY, STATISTICS), NAME(QUERY, PASSED) };
    static const char *const ages[] = { NAME(AGE_BY, RECEIVER), NAME(AGE_BY, REFERRER), NAME(AGE_BY, SILENCE) };
    static const char *const roles[] = { NAME(PASSED, SENT), NAME(PASSED, RECEIVED) };
    static const char *const warnings[] = { NAME(WARNING, LETTER_OLD), NAME(WARNING, AGB_PREFIX),
                                            NAME(WARNING, INCOMPLETE) };
    static const char *const events[] = {
        NAME(TRACE, STORED),   NAME(TRACE, OFFERED), NAME(TRACE, COLLECTED), NAME(TRACE, REFUSED_BY_SYSTEM),
        NAME(TRACE, EXPIRED),  NAME(TRACE, WITHDRAWN), NAME(TRACE, PHASE),   NAME(TRACE, OPENED),
        NAME(TRACE, MOVED),    NAME(TRACE, CLOSED),  NAME(TRACE, REOPENED),  NAME(TRACE, ALERTED),
        NAME(TRACE, REPORTED), NAME(TRACE, BODY_DESTROYED), NAME(TRACE, REJECTED), NAME(TRACE, READ),
        NAME(TRACE, STARTED),  NAME(TRACE, STOPPED), NAME(TRACE, RELOADED),
        NAME(TRACE, BREACH),   NAME(TRACE, SNOOZED), NAME(TRACE, PURGED),
    };
#undef NAME
    same_numbers(DESCRIPTOR(verdict), "VERDICT", verdicts, 3);
    same_numbers(DESCRIPTOR(query_type), "QUERY_TYPE", queries, 9);
    same_numbers(DESCRIPTOR(age_by), "AGE_BY", ages, 3);
    same_numbers(DESCRIPTOR(passed_role), "PASSED_ROLE", roles, 2);
    same_numbers(DESCRIPTOR(warning), "WARNING", warnings, 3);
    same_numbers(DESCRIPTOR(event), "EVENT", events, sizeof events / sizeof events[0]);
}

/* Every fact is a field of Header with its name, its type and its enumeration. */
static void test_facts(void **state)
{
    (void)state;
    static const ProtobufCType types[] = {
        [SCH_TYPE_CODE] = PROTOBUF_C_TYPE_ENUM,
        [SCH_TYPE_DATE] = PROTOBUF_C_TYPE_UINT32,
        [SCH_TYPE_TIME] = PROTOBUF_C_TYPE_UINT64,
        [SCH_TYPE_NUMBER] = PROTOBUF_C_TYPE_UINT32,
    };
    const ProtobufCMessageDescriptor *header = DESCRIPTOR(header);
    unsigned facts_in_proto = 0;
    for (unsigned i = 0; i < header->n_fields; i++) {
        facts_in_proto += header->fields[i].id >= 20;
    }
    assert_int_equal(facts_in_proto, SCH_FACT_COUNT);
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        enum sch_fact fact = (enum sch_fact)i;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(header, sch_fact_name(fact));
        assert_non_null(field);
        /* A mask of sections has the width of one. */
        assert_int_equal(field->type, fact == SCH_FACT_MISSING_SECTIONS ? PROTOBUF_C_TYPE_FIXED32
                                                                        : types[sch_fact_type(fact)]);
        if (field->type == PROTOBUF_C_TYPE_ENUM) {
            const ProtobufCEnumDescriptor *proto = field->descriptor;
            for (size_t j = 0; sch_code_at(sch_fact_set(fact), j) != NULL; j++) {
                const char *name = sch_code_at(sch_fact_set(fact), j);
                const ProtobufCEnumValue *value =
                    protobuf_c_enum_descriptor_get_value(proto, (int)sch_code_parse(sch_fact_set(fact), name));
                assert_non_null(value);
                size_t tail = strlen(value->name) - strlen(name);
                assert_string_equal(value->name + tail, name);
            }
        }
    }
}

/* Each fact lands in its own field: set one, look which field of the wire it is. */
static void test_fact_fields(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SCH_FACT_COUNT; i++) {
        enum sch_fact fact = (enum sch_fact)i;
        struct sch_header header;
        memset(&header, 0, sizeof header);
        enum sch_fact_type type = sch_fact_type(fact);
        header.fact[i] = type == SCH_TYPE_DATE ? 20260101 : type == SCH_TYPE_TIME ? INT64_C(1763790480123) : 1;
        uint8_t buffer[64];
        size_t size = sch_header_encode(&header, buffer, sizeof buffer);
        assert_true(size > 4);
        /* version first, two bytes; then a tag of two bytes. */
        unsigned tag = ((buffer[2] & 0x7fu) | (unsigned)buffer[3] << 7) >> 3;
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(DESCRIPTOR(header), tag);
        assert_non_null(field);
        assert_string_equal(field->name, sch_fact_name(fact));
    }
}

/* All messages, reached from the four that arrive as bytes. */
static unsigned walk(const ProtobufCMessageDescriptor *message, unsigned depth)
{
    unsigned count = 1, oneofs = 0;
    uint32_t previous = 0;
    assert_true(depth < 4);                             /* no recursion */
    assert_true(message->n_fields <= 64);               /* the scan's mask */
    assert_true(strlen(sch_wire_message_name(message)) > 0);
    for (unsigned i = 0; i < message->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->fields[i];
        assert_true(field->id > previous);              /* the scan's search */
        previous = field->id;
        assert_true(field->label == PROTOBUF_C_LABEL_NONE || field->label == PROTOBUF_C_LABEL_REPEATED);
        assert_true(field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_UINT64 ||
                    field->type == PROTOBUF_C_TYPE_BOOL || field->type == PROTOBUF_C_TYPE_ENUM ||
                    field->type == PROTOBUF_C_TYPE_FIXED32 || field->type == PROTOBUF_C_TYPE_STRING ||
                    field->type == PROTOBUF_C_TYPE_BYTES || field->type == PROTOBUF_C_TYPE_MESSAGE);
        oneofs += (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        const char *name = sch_wire_field_name(message, i);
        const char *dot = strrchr(name, '.');
        assert_string_equal(dot != NULL ? dot + 1 : name, field->name);
        if (dot != NULL) {
            assert_int_equal(strncmp(name, sch_wire_message_name(message), (size_t)(dot - name)), 0);
        }
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            count += walk(field->descriptor, depth + 1);
        }
    }
    /* All members of a message's oneof are of one oneof: the message has nothing else but the request. */
    assert_true(oneofs == 0 || oneofs == message->n_fields - 1);
    return count;
}

static void test_schema(void **state)
{
    (void)state;
    unsigned count = walk(DESCRIPTOR(command), 0) + walk(DESCRIPTOR(reply), 0) + walk(DESCRIPTOR(header), 0) +
                     walk(DESCRIPTOR(seal), 0) + walk(DESCRIPTOR(letter), 0);
    assert_int_equal(count, 10 + 21 + 1 + 2 + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code_sets),   cmocka_unit_test(test_other_enumerations),
        cmocka_unit_test(test_facts),       cmocka_unit_test(test_fact_fields),
        cmocka_unit_test(test_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
