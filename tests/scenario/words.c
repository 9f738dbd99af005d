/*
 * words.c: names, moments, codes and facts of a story.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/calendar.h"
#include "id.h"
#include "names.h"
#include "story.h"

bool story_is(const struct story_words *words, size_t at, const char *word)
{
    return at < words->count && strcmp(words->word[at], word) == 0;
}

struct story_system *story_system(struct story *story, const char *name)
{
    char party[STORY_NAME_MAX + 1];
    const char *number = strchr(name, '@');
    struct story_system *system;

    for (size_t i = 0; i < story->system_count; i++)
        if (strcmp(story->system[i].name, name) == 0)
            return &story->system[i];
    snprintf(party, sizeof party, "%.*s", number == NULL ? STORY_NAME_MAX : (int)(number - name), name);
    if (sch_region_sim_named(party) == NULL || sch_region_sim_named(party)->key_id == NULL ||
        story->system_count == STORY_SYSTEMS_MAX) {
        (void)story_fail(story, "\"%s\" is nobody's system", name);
        return NULL;
    }
    system = &story->system[story->system_count++];
    snprintf(system->name, sizeof system->name, "%s", name);
    system->party = sch_region_sim_named(party);
    system->instance = (uint8_t)story->system_count;
    return system;
}

struct story_message *story_message(struct story *story, const char *name)
{
    for (size_t i = 0; i < story->message_count; i++)
        if (strcmp(story->message[i].name, name) == 0)
            return &story->message[i];
    (void)story_fail(story, "no message of this story is called \"%s\"", name);
    return NULL;
}

struct story_message *story_message_of(struct story *story, const struct sch_id *id)
{
    for (size_t i = 0; i < story->message_count; i++)
        if (sch_id_equal(&story->message[i].message.header.id, id))
            return &story->message[i];
    return NULL;
}

bool story_group(struct story *story, const char *name, struct sch_id *id)
{
    size_t i = 0;

    while (i < story->group_count && strcmp(story->group[i].name, name) != 0)
        i++;
    if (i == STORY_GROUPS_MAX || name[0] == '\0')
        return story_fail(story, "which group, or too many of them");
    if (i == story->group_count) {
        snprintf(story->group[i].name, sizeof story->group[i].name, "%s", name);
        story->group[i].id = sch_region_sim_id(stage_now_ms(&story->stage), &story->stage.prng);
        story->group_count++;
    }
    *id = story->group[i].id;
    return true;
}

/* Local wall-clock time. In the hour that comes twice the first one is meant. */
static int64_t moment_of(int32_t day, int hour, int minute, int second)
{
    int64_t wall_ms = (int64_t)day * 86400000 + ((hour * 60 + minute) * 60 + second) * INT64_C(1000);

    return wall_ms - sch_utc_offset_minutes(wall_ms - 2 * 3600000) * INT64_C(60000);
}

bool story_moment(struct story *story, const struct story_words *words, size_t *at, int64_t *ms)
{
    int year, month, dom, hour = 0, minute = 0, second = 0;
    char rest;
    int32_t day;

    if (*at >= words->count || sscanf(words->word[*at], "%4d-%2d-%2d%c", &year, &month, &dom, &rest) != 3 ||
        !sch_day_from_date(year * 10000 + month * 100 + dom, &day))
        return story_fail(story, "\"%s\" is no date", *at < words->count ? words->word[*at] : "");
    ++*at;
    if (*at < words->count && isdigit((unsigned char)words->word[*at][0])) {
        if (sscanf(words->word[*at], "%2d:%2d:%2d%c", &hour, &minute, &second, &rest) != 3 &&
            sscanf(words->word[*at], "%2d:%2d%c", &hour, &minute, &rest) != 2)
            return story_fail(story, "\"%s\" is no time of day", words->word[*at]);
        ++*at;
    }
    *ms = moment_of(day, hour, minute, second);
    return true;
}

void story_moment_text(int64_t ms, char text[32])
{
    int64_t wall_ms = ms + sch_utc_offset_minutes(ms) * INT64_C(60000);
    int32_t date = sch_date_from_day((int32_t)(wall_ms / 86400000));
    int second = (int)(wall_ms / 1000 % 60), minute = (int)(wall_ms / 60000 % 60);
    int hour = (int)(wall_ms / 3600000 % 24);

    if (second == 0)
        snprintf(text, 32, "%04d-%02d-%02d %02d:%02d", date / 10000, date / 100 % 100, date % 100, hour,
                 minute);
    else
        snprintf(text, 32, "%04d-%02d-%02d %02d:%02d:%02d", date / 10000, date / 100 % 100, date % 100, hour,
                 minute,
                 second);
}

bool story_code(struct story *story, enum sch_code_set set, const char *name, int64_t *code)
{
    *code = sch_code_parse(set, name);
    return *code >= 0 || story_fail(story, "\"%s\" is no code", name);
}

static bool fact_value(struct story *story, enum sch_fact fact, char *value, int64_t *number)
{
    struct story_words words = { .word = { value, strchr(value, 'T') }, .count = 1 };
    uint32_t sections;
    size_t at = 0;

    if (fact == SCH_FACT_MISSING_SECTIONS) {
        if (!story_sections(story, value, &sections))
            return false;
        *number = sections;
        return true;
    }
    switch (sch_fact_type(fact)) {
    case SCH_TYPE_CODE: return story_code(story, sch_fact_set(fact), value, number);
    case SCH_TYPE_NUMBER: *number = strtoll(value[0] == 'E' ? value + 1 : value, NULL, 10); return true;
    case SCH_TYPE_TIME:
        if (words.word[1] != NULL) {
            *words.word[1]++ = '\0';
            words.count = 2;
        }
        return story_moment(story, &words, &at, number);
    case SCH_TYPE_DATE:
        if (!story_moment(story, &words, &at, number))
            return false;
        *number = sch_date_from_day(sch_day_of_ms(*number));
        return true;
    }
    return false;
}

bool story_fact(struct story *story, const char *text, struct sch_header *header)
{
    const char *equals = strchr(text, '=');
    char name[STORY_NAME_MAX + 1], value[STORY_TEXT_MAX];
    enum sch_fact fact;

    if (equals == NULL)
        return story_fail(story, "\"%s\" means nothing here", text);
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    snprintf(value, sizeof value, "%s", equals + 1);
    fact = sch_fact_parse(name);
    if (fact == SCH_FACT_COUNT)
        return story_fail(story, "\"%s\" is no fact", name);
    if (strcmp(value, "-") == 0) {
        header->fact[fact] = 0;
        return true;
    }
    return fact_value(story, fact, value, &header->fact[fact]);
}

bool story_sections(struct story *story, const char *list, uint32_t *sections)
{
    char copy[STORY_TEXT_MAX];

    snprintf(copy, sizeof copy, "%s", list);
    *sections = 0;
    for (char *word = strtok(copy, ","); word != NULL; word = strtok(NULL, ",")) {
        int bit = sch_section_parse(word);

        if (bit < 0)
            return story_fail(story, "\"%s\" is no section", word);
        *sections |= UINT32_C(1) << bit;
    }
    return true;
}

const char *story_address_text(const char *address)
{
    const struct sch_region_party *party = sch_region_sim_at(address);

    if (address[0] == '\0')
        return "the broker";
    return party == NULL ? address : party->name;
}

const char *story_message_text(struct story *story, const struct sch_id *id)
{
    const struct story_message *message = story_message_of(story, id);

    return message == NULL ? "of the broker" : message->name;
}
