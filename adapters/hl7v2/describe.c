/*
 * describe.c: what a message says, in Dutch, for the reader of a HIS or EPD. Codes and dates only.
 */
#include <stdarg.h>
#include <stdio.h>

#include "map.h"
#include "names.h"

/* What is awaited, by the number of its expectation (DOMAIN, "Expectations"). */
static const char *const awaited[16] = {"een bericht",
                                        "het ophalen van een bericht",
                                        "een besluit op de verwijzing",
                                        "een besluit van de crisisdienst",
                                        "de afspraak voor de intake",
                                        "het vervolg na niet verschijnen",
                                        "het bericht na intake",
                                        "de start van de behandeling",
                                        "het bericht over de voortgang",
                                        "het bericht einde behandeling",
                                        "het oppakken door de praktijk",
                                        "de gevraagde aanvulling",
                                        "het resultaat van het wijkteam",
                                        "het advies na het verkennend gesprek",
                                        "het antwoord op de consultatie",
                                        "het bericht over verleende zorg"};

struct pen {
    char *text;
    size_t size, used;
};

__attribute__((format(printf, 2, 3)))
static void add(struct pen *pen, const char *format, ...)
{
    va_list list;

    if (pen->used + 1 >= pen->size)
        return;
    va_start(list, format);
    int count = vsnprintf(pen->text + pen->used, pen->size - pen->used, format, list);
    va_end(list);
    if (count > 0)
        pen->used += (size_t)count < pen->size - pen->used ? (size_t)count : pen->size - pen->used - 1;
}

static void add_date(struct pen *pen, const char *before, int64_t date)
{
    if (date != 0)
        add(pen, " %s: %02d-%02d-%04d.", before, (int)(date % 100), (int)(date / 100 % 100),
            (int)(date / 10000));
}

static void add_code(struct pen *pen, const char *before, enum sch_code_set set, int64_t code)
{
    if (code != 0)
        add(pen, " %s: %s.", before, sch_code_dutch(set, code));
}

static const char *headline(const struct sch_map_values *values)
{
    switch (values->kind) {
    case SCH_KIND_REFERRAL: return "Verwijzing.";
    case SCH_KIND_ACCEPTANCE: return "De aanmelding is geaccepteerd.";
    case SCH_KIND_REFUSAL: return "De verwijzing is afgewezen.";
    case SCH_KIND_APPOINTMENT: return "Er is een afspraak gemaakt.";
    case SCH_KIND_NO_SHOW: return "Niet verschenen op de afspraak.";
    case SCH_KIND_INTAKE_REPORT: return "Bericht na intake.";
    case SCH_KIND_TREATMENT_START:
        return values->fact[SCH_FACT_STARTED] == SCH_STARTED_NOT_YET ? "De behandeling is nog niet gestart."
                                                                      : "De behandeling is gestart.";
    case SCH_KIND_WAIT_STATUS: return "Wachtstatus.";
    case SCH_KIND_TREATMENT_END: return "De behandeling is beëindigd.";
    case SCH_KIND_DISCHARGE_LETTER: return "Bericht einde behandeling.";
    case SCH_KIND_NO_REPORT: return "Er komt geen bericht: de patiënt heeft bezwaar gemaakt.";
    case SCH_KIND_TAKEN_UP: return "De praktijk heeft dit opgepakt.";
    case SCH_KIND_WITHDRAWAL: return "De verwijzing is ingetrokken.";
    case SCH_KIND_REMINDER: return "Herinnering.";
    case SCH_KIND_DELIVERY_REPORT: return "Een verzonden bericht is niet aangekomen.";
    default: return NULL;
    }
}

static void add_delivery(struct pen *pen, int64_t cause)
{
    add_code(pen, "Oorzaak", SCH_SET_CAUSE, cause);
    if (cause == SCH_CAUSE_NOT_COLLECTED)
        add(pen, " Het blijft klaarstaan; bel de ontvanger als het haast heeft.");
    else if (cause != 0)
        add(pen, " Neem contact op met de ontvanger.");
}

void sch_map_describe(const struct sch_map_values *values, char *text, size_t size)
{
    struct pen pen = {text, size, 0};
    const int64_t *fact = values->fact;
    const char *head = headline(values);

    text[0] = 0;
    if (head != NULL)
        add(&pen, "%s", head);
    else
        add(&pen, "Bericht: %s.", sch_code_dutch(SCH_SET_KIND, values->kind));
    if (fact[SCH_FACT_EXPECTATION] >= 1 && fact[SCH_FACT_EXPECTATION] <= 15)
        add(&pen, " Het gaat om %s.", awaited[fact[SCH_FACT_EXPECTATION]]);
    add_code(&pen, "Stand", SCH_SET_STEP, fact[SCH_FACT_STEP]);
    if (values->kind == SCH_KIND_DELIVERY_REPORT)
        add_delivery(&pen, fact[SCH_FACT_CAUSE]);
    add_code(&pen, "Urgentie", SCH_SET_URGENCY, fact[SCH_FACT_URGENCY]);
    add_code(&pen, "Reden", SCH_SET_REFUSAL, fact[SCH_FACT_REFUSAL_REASON]);
    add_code(&pen, "Reden", SCH_SET_WITHDRAWN, fact[SCH_FACT_WITHDRAWAL_REASON]);
    add_code(&pen, "Reden", SCH_SET_END, fact[SCH_FACT_END_REASON]);
    add_code(&pen, "Uitkomst", SCH_SET_OUTCOME, fact[SCH_FACT_OUTCOME]);
    add_date(&pen, "Datum", fact[SCH_FACT_EVENT_DATE]);
    add_date(&pen, "Verwacht", fact[SCH_FACT_EXPECTED_DATE]);
    add_code(&pen, "Vervolg", SCH_SET_NEXT_STEP, fact[SCH_FACT_NEXT_STEP]);
    add_code(&pen, "Overbrugging door", SCH_SET_BRIDGE, fact[SCH_FACT_BRIDGED_BY]);
    add_code(&pen, "Opgepakt", SCH_SET_TAKEN, fact[SCH_FACT_TAKEN_UP]);
    add_date(&pen, "Opnieuw aanmelden zonder verwijzing tot", fact[SCH_FACT_REENTRY_UNTIL]);
    if (values->kenmerk[0] != 0)
        add(&pen, " Kenmerk %s.", values->kenmerk);
}
