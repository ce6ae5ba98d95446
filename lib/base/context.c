// SPDX-License-Identifier: MIT
// Making, sharing and letting go of a context.
#include "base/context.h"

#include "base/cpu.h"
#include "base/options.h"

enum { THREADS_MOST = 256 };

static const uint64_t file_limit_default = (uint64_t)16 << 30; // bytes
static const uint32_t node_limit_default = 1000000;
static const uint32_t depth_limit_default = 16;  // levels
static const uint32_t name_limit_default = 1024; // bytes

// Each level of a text is a call in its reader, so there must be an end.
enum { DEPTH_MOST = 1000 };

// Bytes of the options in the first version of them.
static const size_t options_least =
    offsetof(rnnc_context_options, reserved) + sizeof(uint32_t);

// The options as this version knows them, checked.
static rnnc_status read_options(rnnc_context_options *to,
                                const rnnc_context_options *from,
                                rni_error *error)
{
    if (from != NULL &&
        rni_options_read(to, sizeof *to, options_least, from, error) != RNNC_OK)
        return error->status;
    if (to->threads < 0 || to->threads > THREADS_MOST)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "context: threads is %ld, expected 0 to %d",
                             (long)to->threads, THREADS_MOST);
    if ((to->allocate == NULL) != (to->release == NULL))
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "context: allocate and release are given "
                             "together or not at all");
    if (to->depth_limit > DEPTH_MOST)
        return rni_error_set(error, RNNC_E_ARGUMENT,
                             "context: depth_limit is %lu, expected 0 to %d",
                             (unsigned long)to->depth_limit, DEPTH_MOST);
    if (to->reserved != 0)
        return rni_error_set(error, RNNC_E_UNSUPPORTED,
                             "context: reserved is %lu, expected 0",
                             (unsigned long)to->reserved);
    return RNNC_OK;
}

static void apply_options(rnnc_context *context,
                          const rnnc_context_options *options)
{
    context->threads = options->threads > 0 ? options->threads : 1;
    context->file_limit =
        options->file_limit > 0 ? options->file_limit : file_limit_default;
    context->node_limit =
        options->node_limit > 0 ? options->node_limit : node_limit_default;
    context->depth_limit =
        options->depth_limit > 0 ? options->depth_limit : depth_limit_default;
    context->name_limit =
        options->name_limit > 0 ? options->name_limit : name_limit_default;
}

rnnc_context *rnnc_context_create(const rnnc_context_options *options)
{
    rni_error error = {0};
    rnnc_context_options known = {0};
    rni_memory memory = rni_memory_default();
    if (read_options(&known, options, &error) != RNNC_OK)
        known = (rnnc_context_options){0};
    else if (known.allocate != NULL)
        memory = (rni_memory){known.user, known.allocate, known.release};

    rnnc_context *context = rni_memory_zeroed(&memory, 1, sizeof *context);
    if (context == NULL)
        return NULL;
    atomic_init(&context->references, 1);
    context->memory = memory;
    context->error = error;
    apply_options(context, &known);
    if (context->threads > 1) {
        context->team = rni_team_create(&context->memory, context->threads);
        if (context->team == NULL) {
            rni_memory_release(&memory, context);
            return NULL;
        }
    }
    return context;
}

rnnc_context *rni_context_hold(rnnc_context *context)
{
    if (context == NULL)
        return rnnc_context_create(NULL);
    atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
    return context;
}

void rni_context_drop(rnnc_context *context)
{
    if (context == NULL || atomic_fetch_sub_explicit(&context->references, 1,
                                                     memory_order_acq_rel) != 1)
        return;
    rni_team_destroy(context->team);
    rni_memory memory = context->memory;
    rni_memory_release(&memory, context);
}

void rnnc_context_destroy(rnnc_context *context)
{
    rni_context_drop(context);
}

rnnc_status rnnc_context_status(const rnnc_context *context)
{
    return context == NULL ? RNNC_E_MEMORY : context->error.status;
}

const char *rnnc_context_message(const rnnc_context *context)
{
    return context == NULL ? "out of memory" : context->error.text;
}

const char *rnnc_isa(void)
{
    return rni_isa_name(rni_isa_choose());
}
