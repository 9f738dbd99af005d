/*
 * mllp.h: the Minimal Lower Layer Protocol: frames of VT … FS CR in a stream of bytes.
 *
 * The decoder is fed with what the socket gave and stops after each event. It is lenient where senders
 * differ: blanks and line ends between frames are skipped, FS alone ends a frame (HL7 text never holds
 * one), VT inside a frame begins it anew, for then the sender gave up the former. An oversize frame is
 * read to its end and its head kept, so that it can be answered. Must not know: HL7, sockets.
 */
#ifndef SCH_HL7V2_MLLP_H
#define SCH_HL7V2_MLLP_H

#include <scharnier/types.h>

#define SCH_MLLP_FRAME_MAX (8U * 1024 * 1024)   /* bytes between VT and FS */
#define SCH_MLLP_STRAY_MAX 1024U                /* bytes outside frames, blanks apart, before giving up */
#define SCH_MLLP_HEAD_SIZE 4096U                /* of an oversize frame, kept for its answer */
#define SCH_MLLP_OVERSIZE_MAX (64U * 1024 * 1024)   /* of an oversize frame, read before giving up */

enum sch_mllp_event {
    SCH_MLLP_MORE = 0,                  /* nothing whole yet */
    SCH_MLLP_FRAME,                     /* decoder's text is a message */
    SCH_MLLP_OVERSIZE,                  /* text is the head of a message above the limit */
    SCH_MLLP_GARBAGE                    /* this peer does not speak MLLP: close */
};

struct sch_mllp_decoder {
    uint8_t *text;                      /* heap */
    size_t size, capacity;
    size_t limit;                       /* of a frame */
    size_t stray;                       /* bytes outside frames since the last frame */
    size_t dropped;                     /* bytes of an oversize frame beyond what is kept */
    size_t abandoned;                   /* frames that the sender began anew */
    bool inside;
};

void sch_mllp_init(struct sch_mllp_decoder *decoder, size_t limit);
void sch_mllp_close(struct sch_mllp_decoder *decoder);

/* Takes bytes until an event; returns how many were used. After FRAME and OVERSIZE text and size hold the
 * message until sch_mllp_next(). Out of memory is reported as OVERSIZE. */
size_t sch_mllp_feed(struct sch_mllp_decoder *decoder, const uint8_t *bytes, size_t size,
                     enum sch_mllp_event *event);

/* Forgets the message that was reported and gives its memory back when it was large. */
void sch_mllp_next(struct sch_mllp_decoder *decoder);

/* A whole frame around text, on the heap; NULL when out of memory. */
uint8_t *sch_mllp_encode(struct sch_bytes text, size_t *frame_size);

#endif
