/*
 * story.h: one story while it is told: the stage, what its messages are called, and what went wrong.
 *
 * README.md gives the grammar. Each statement is one function of a line's words; it returns false after
 * story_fail(), and the first failure ends the story.
 */
#ifndef SCH_SCENARIO_STORY_H
#define SCH_SCENARIO_STORY_H

#include "stage.h"

#define STORY_WORDS_MAX 48
#define STORY_LINES_MAX 1024
#define STORY_MESSAGES_MAX 96
#define STORY_SYSTEMS_MAX 24
#define STORY_GROUPS_MAX 4
#define STORY_NAME_MAX 31
#define STORY_TEXT_MAX 160

/* A message of the story: named by the teller ("r1"), or after its kind ("acceptance", "acceptance-2"). */
struct story_message {
    char name[STORY_NAME_MAX + 1];
    struct stage_message message;
    size_t referral;                    /* the message that opened its dossier */
};

/* An adapter: a party's name, with "@2" for a second one on the same mailbox. */
struct story_system {
    char name[STORY_NAME_MAX + 1];
    const struct sch_region_party *party;
    uint8_t instance;
    bool connected;
    size_t peer;
};

struct story {
    const char *path;
    char *line[STORY_LINES_MAX];
    size_t line_count, at;              /* at: the line that is being told */
    char title[STORY_TEXT_MAX];
    char failure[1024];
    bool open, update, updated;
    struct stage stage;
    struct story_message message[STORY_MESSAGES_MAX];
    size_t message_count;
    struct story_system system[STORY_SYSTEMS_MAX];
    size_t system_count;
    struct story_group {
        char name[STORY_NAME_MAX + 1];
        struct sch_id id;
    } group[STORY_GROUPS_MAX];
    size_t group_count;
    struct sch_reply answer;            /* to the last submission or settlement */
    bool answered, answer_seen;         /* seen: an EXPECT has looked at it */
    bool answer_is_new;                 /* to the newest message, sent for the first time */
    char field[64];                     /* of the rejection: the answer's text does not last */
    size_t answer_line;
};

struct story_words {
    char *word[STORY_WORDS_MAX];
    size_t count;
};

/* "path:line: " and the text; returns false. */
bool story_fail(struct story *story, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* words.c: what words mean. They fail the story when a word means nothing. */
bool story_is(const struct story_words *words, size_t at, const char *word);
struct story_system *story_system(struct story *story, const char *name);
struct story_message *story_message(struct story *story, const char *name);
struct story_message *story_message_of(struct story *story, const struct sch_id *id);
bool story_moment(struct story *story, const struct story_words *words, size_t *at, int64_t *ms);
/* The id of a group of parallel referrals: a name of the teller's. */
bool story_group(struct story *story, const char *name, struct sch_id *id);
bool story_code(struct story *story, enum sch_code_set set, const char *name, int64_t *code);
bool story_fact(struct story *story, const char *text, struct sch_header *header);
bool story_sections(struct story *story, const char *list, uint32_t *sections);
/* "2026-12-21 09:00", local, with seconds only where there are some. */
void story_moment_text(int64_t ms, char text[32]);
/* What the story calls an address, and a message: its name, or what it is. */
const char *story_address_text(const char *address);
const char *story_message_text(struct story *story, const struct sch_id *id);

/* act.c: what parties do. words[0] is the party. */
bool story_act(struct story *story, const struct story_words *words);
/* A connection of this system: its own, or one for the moment. Its messages lie in stage.delivery. */
size_t story_enter(struct story *story, struct story_system *system);
void story_leave(struct story *story, const struct story_system *system, size_t peer);

/* expect.c: what must be so. */
bool story_expect(struct story *story, const struct story_words *words);
bool story_sees(struct story *story, const struct story_words *words);

/* trace.c: a row of a trace as a line of a story; false: this row says nothing to people. */
bool story_trace_line(struct story *story, const struct sch_trace_row *row, char text[STORY_TEXT_MAX]);

#endif
