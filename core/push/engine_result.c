/*
 * Reads the state of the engine; changes nothing.
 */
#include "push/engine_result.h"

#include "push/engine_state.h"

static enum push_remedy remedy_of_copies(const struct push_engine *e)
{
    enum copy_failure failure = e->copy_failure;

    copy_failure_add(&failure, e->archive.failure);
    switch (failure) {
    case COPY_FAILURE_NONE:
        return REMEDY_NONE;
    case COPY_FAILURE_BASE:
        return REMEDY_WITH_OTHER_BASES;
    default:
        return REMEDY_WITHOUT_COPIES;
    }
}

enum push_remedy push_engine_remedy(const struct push_engine *engine)
{
    const struct push_engine *e = engine;

    if (resume_differs(e->setup.resume))
        return REMEDY_AFRESH;
    if (e->corrupt_base)
        return REMEDY_WITHOUT_BASES;
    if (e->distrusted && e->setup.options.input.from == PUSH_FROM_AUTO)
        return REMEDY_WITH_EXPORT;
    if (e->setup.assembler && assembler_lacked_bytes(e->setup.assembler))
        return REMEDY_READING_ALL;
    return remedy_of_copies(e);
}

void push_engine_facts(const struct push_engine *engine, struct push_facts *out)
{
    const struct push_engine *e = engine;

    *out = (struct push_facts){
        .source = source_kind_name(e->setup.source->kind),
        .raw = e->raw,
        .bases = e->setup.bases.count,
        .outdated = e->setup.bases.outdated,
        .copies_refused = e->setup.copies_refused,
        .copies_tried = e->setup.copies_tried,
        .resumed = resume_bytes(e->setup.resume),
        .refusal = resume_refusal(e->setup.resume),
        .others = e->setup.source->others || (e->image && e->image->others),
        .corrupt_base = e->corrupt_base ? e->corrupt_base->key : NULL,
    };
    if (e->setup.thin)
        out->referred = thin_upload_referred(e->setup.thin);
    if (e->setup.assembler) {
        out->copied = e->packed - assembler_fresh(e->setup.assembler);
        out->joins = assembler_joins(e->setup.assembler);
    }
}
