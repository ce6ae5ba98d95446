// SPDX-License-Identifier: MIT
// Models to files and back: everything the same, or a plain message; a save
// that fails leaves the old file as it was.
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "file/graph_json.h"
#include "support/every_op.h"
#include "support/fault.h"
#include "weights/weights.h"

static char folder[] = "/tmp/rnnc_model_XXXXXX";
static char path[128]; // of a file in it

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int count_files(void)
{
    int count = 0;
    DIR *files = opendir(folder);
    while (readdir(files) != NULL)
        count++;
    closedir(files);
    return count - 2; // . and ..
}

static void save(const rnnc_weights *weights)
{
    char message[200];
    rnnc_status status =
        rnnc_model_save(weights, path, message, sizeof message);
    if (status != RNNC_OK)
        fail_msg("%s", message);
    assert_string_equal(message, "");
}

static unsigned char *read_file(size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    unsigned char *bytes = malloc(1 << 20);
    *size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

// ---- Round trips ------------------------------------------------------------

static void check_same_name(const char *a, const char *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a != NULL)
        assert_string_equal(a, b);
}

static void check_same_node(const rnnc_node *a, const rnnc_node *b)
{
    assert_int_equal(a->op, b->op);
    assert_int_equal(a->id, b->id);
    check_same_name(a->name, b->name);
    assert_int_equal(a->shape.kind, b->shape.kind);
    assert_int_equal(a->shape.type, b->shape.type);
    assert_int_equal(a->shape.axis, b->shape.axis);
    assert_int_equal(a->shape.rows, b->shape.rows);
    assert_int_equal(a->shape.cols, b->shape.cols);
    assert_memory_equal(a->integers, b->integers, sizeof a->integers);
    assert_memory_equal(a->numbers, b->numbers, sizeof a->numbers);
    assert_int_equal(a->cell == NULL ? -1 : a->cell->id,
                     b->cell == NULL ? -1 : b->cell->id);
    assert_int_equal(a->n_inputs, b->n_inputs);
    for (int32_t i = 0; i < a->n_inputs; i++)
        assert_int_equal(a->inputs[i]->id, b->inputs[i]->id);
    size_t count = (size_t)(a->shape.rows * a->shape.cols);
    if (a->op == RNI_OP_CONSTANT)
        assert_memory_equal(a->data, b->data, count * sizeof(float));
}

static void check_same_parameter(const rni_parameter *a, const rni_parameter *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->rank, b->rank);
    assert_int_equal(a->frozen, b->frozen);
    const rni_initial *x = a->initial, *y = b->initial;
    for (; x != NULL && y != NULL; x = x->next, y = y->next) {
        assert_int_equal(x->init, y->init);
        assert_memory_equal(&x->value, &y->value, sizeof x->value);
        assert_int_equal(x->first, y->first);
        assert_int_equal(x->count, y->count);
    }
    assert_true(x == NULL && y == NULL);
}

static int32_t id_of(const rnnc_node *node)
{
    return node == NULL ? -1 : node->id;
}

static void check_same_cell(const rnnc_cell *a, const rnnc_cell *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->n_inputs, b->n_inputs);
    assert_int_equal(a->n_states, b->n_states);
    assert_int_equal(a->n_outputs, b->n_outputs);
    for (int32_t i = 0; i < a->n_inputs; i++)
        assert_int_equal(a->inputs[i]->id, b->inputs[i]->id);
    for (int32_t i = 0; i < a->n_outputs; i++) {
        check_same_name(a->outputs[i].name, b->outputs[i].name);
        assert_int_equal(a->outputs[i].node->id, b->outputs[i].node->id);
    }
    for (int32_t i = 0; i < a->n_states; i++) {
        assert_string_equal(a->states[i].name, b->states[i].name);
        assert_int_equal(id_of(a->states[i].next), id_of(b->states[i].next));
        assert_int_equal(id_of(a->states[i].first), id_of(b->states[i].first));
    }
}

static void check_same_picture(const rnnc_graph *a, const rnnc_graph *b)
{
    size_t length = rnnc_graph_picture(a, NULL, 0);
    char *text_a = malloc(length + 1), *text_b = malloc(length + 1);
    rnnc_graph_picture(a, text_a, length + 1);
    assert_int_equal(rnnc_graph_picture(b, text_b, length + 1), length);
    assert_string_equal(text_a, text_b);
    free(text_a);
    free(text_b);
}

static void check_same(const rnnc_weights *a, const rnnc_weights *b)
{
    const rnnc_graph *x = a->graph, *y = b->graph;
    assert_int_equal(x->n_nodes, y->n_nodes);
    assert_int_equal(x->n_cells, y->n_cells);
    assert_int_equal(x->n_axes, y->n_axes);
    assert_int_equal(x->n_parameters, y->n_parameters);
    for (int32_t i = 0; i < x->n_nodes; i++)
        check_same_node(x->nodes[i], y->nodes[i]);
    for (int32_t i = 0; i < x->n_cells; i++)
        check_same_cell(x->cells[i], y->cells[i]);
    for (int32_t i = 0; i < x->n_axes; i++)
        assert_string_equal(x->axes[i], y->axes[i]);
    for (int32_t i = 0; i < x->n_parameters; i++)
        check_same_parameter(x->parameters[i], y->parameters[i]);
    size_t floats = (size_t)a->offsets[a->n_parameters];
    assert_memory_equal(a->values, b->values, floats * sizeof(float));
    check_same_picture(x, y);
}

// The graph of the tests has every operation there is.
static void test_every_operation_is_there(void **state)
{
    (void)state;
    rnnc_graph *graph = every_op_graph(NULL);
    assert_string_equal(rnnc_graph_message(graph), "");
    bool seen[RNI_OP_COUNT] = {false};
    for (int32_t i = 0; i < graph->n_nodes; i++)
        seen[graph->nodes[i]->op] = true;
    for (int32_t op = 0; op < RNI_OP_COUNT; op++)
        if (!seen[op])
            fail_msg("%s", rni_op_table[op].name);
    rnnc_graph_destroy(graph);
}

static void test_round_trip(void **state)
{
    (void)state;
    rnnc_weights *weights = every_op_weights(NULL, 5);
    save(weights);
    rnnc_model *model = rnnc_model_load(NULL, path);
    assert_string_equal(rnnc_model_message(model), "");
    check_same(weights, rnnc_model_weights(model));
    // What was loaded is saved as the same bytes.
    size_t size, again;
    unsigned char *bytes = read_file(&size), *copy = malloc(size);
    assert_int_equal(
        rnnc_model_save_memory(rnnc_model_weights(model), copy, size, &again),
        RNNC_OK);
    assert_int_equal(again, size);
    assert_memory_equal(bytes, copy, size);
    free(copy);
    free(bytes);
    rnnc_model_destroy(model);
    rnnc_weights_destroy(weights);
}

static void test_memory(void **state)
{
    (void)state;
    rnnc_weights *weights = every_op_weights(NULL, 6);
    size_t size = 0, more;
    assert_int_equal(rnnc_model_save_memory(weights, NULL, 0, &size), RNNC_OK);
    unsigned char *bytes = malloc(size + 1);
    bytes[0] = bytes[size] = 77;
    assert_int_equal(rnnc_model_save_memory(weights, bytes, size - 1, &more),
                     RNNC_E_ARGUMENT);
    assert_int_equal(bytes[0], 77);
    assert_int_equal(more, size);
    assert_int_equal(rnnc_model_save_memory(weights, bytes, size, &more),
                     RNNC_OK);
    assert_int_equal(bytes[size], 77);
    // At an address that is aligned for nothing.
    memmove(bytes + 1, bytes, size);
    rnnc_model *model = rnnc_model_load_memory(NULL, bytes + 1, size);
    free(bytes);
    assert_int_equal(rnnc_model_status(model), RNNC_OK);
    check_same(weights, rnnc_model_weights(model));
    rnnc_model_destroy(model);
    rnnc_weights_destroy(weights);
}

static void test_memory_that_is_none(void **state)
{
    (void)state;
    rnnc_weights *weights = every_op_weights(NULL, 6);
    unsigned char byte = 77;
    size_t needed = 5;
    assert_int_equal(rnnc_model_save_memory(weights, &byte, 1, NULL),
                     RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_model_save_memory(weights, NULL, 1, &needed),
                     RNNC_E_ARGUMENT);
    assert_int_equal(byte, 77);
    assert_int_equal(needed, 5);
    rnnc_weights_destroy(weights);
}

// A parameter may have the name that a constant's tensor would have.
static void test_constant_of_a_taken_name(void **state)
{
    (void)state;
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_parameter(graph, "constant.1", 1, 2, RNNC_INIT_CONSTANT, 3);
    rnnc_scalar(graph, 0.5f);
    rnnc_weights *weights = rnnc_weights_create(graph, 0);
    save(weights);
    rnnc_model *model = rnnc_model_load(NULL, path);
    assert_string_equal(rnnc_model_message(model), "");
    check_same(weights, rnnc_model_weights(model));
    rnnc_model_destroy(model);
    rnnc_weights_destroy(weights);
    rnnc_graph_destroy(graph);
}

static void test_outlives_its_parts(void **state)
{
    (void)state;
    rnnc_weights *weights = every_op_weights(NULL, 7);
    save(weights);
    rnnc_weights_destroy(weights);
    rnnc_model *model = rnnc_model_load(NULL, path);
    rnnc_weights *copy = rnnc_weights_copy(rnnc_model_weights(model));
    rnnc_model_destroy(model);
    assert_true(rnnc_weights_count(copy, "out.weight") == 21);
    rnnc_weights_destroy(copy);
}

// ---- Weights alone ---------------------------------------------------------

static void test_weights_load(void **state)
{
    (void)state;
    rnnc_weights *from = every_op_weights(NULL, 1);
    rnnc_weights *to = every_op_weights(NULL, 2);
    save(from);
    uint64_t version = rnnc_weights_version(to);
    assert_int_equal(rnnc_weights_load(to, path), RNNC_OK);
    assert_true(rnnc_weights_version(to) > version);
    check_same(from, to);
    rnnc_weights_destroy(from);

    // Another graph: nothing changes.
    rnnc_graph *graph = rnnc_graph_create(NULL);
    rnnc_parameter(graph, "other", 1, 3, RNNC_INIT_ZEROS, 0);
    from = rnnc_weights_create(graph, 0);
    rnnc_graph_destroy(graph);
    save(from);
    rnnc_weights *before = rnnc_weights_copy(to);
    assert_int_equal(rnnc_weights_load(to, path), RNNC_E_NAME);
    assert_non_null(strstr(rnnc_weights_message(to), "have no tensor: \""));
    check_same(before, to);
    assert_int_equal(rnnc_weights_load(to, NULL), RNNC_E_ARGUMENT);
    rnnc_weights_destroy(before);

    save(to);
    assert_int_equal(rnnc_weights_load(from, path), RNNC_E_NAME);
    assert_non_null(
        strstr(rnnc_weights_message(from), "have no parameter: \""));
    rnnc_weights_destroy(from);
    rnnc_weights_destroy(to);
}

// ---- Files that are none ---------------------------------------------------

static void expect_load(const char *file, rnnc_status status,
                        const char *reason)
{
    rnnc_model *model = rnnc_model_load(NULL, file);
    assert_int_equal(rnnc_model_status(model), status);
    if (strstr(rnnc_model_message(model), reason) == NULL)
        fail_msg("\"%s\" has no \"%s\"", rnnc_model_message(model), reason);
    assert_null(rnnc_model_graph(model));
    assert_null(rnnc_model_weights(model));
    rnnc_model_destroy(model);
}

static void write_text(const char *text)
{
    FILE *file = fopen(path, "wb");
    fputs(text, file);
    fclose(file);
}

static void test_messages(void **state)
{
    (void)state;
    unlink(path);
    expect_load(path, RNNC_E_IO, "No such file");
    expect_load(folder, RNNC_E_IO, "Is a directory");
    expect_load("/dev/null", RNNC_E_IO, "not a regular file");
    expect_load("", RNNC_E_IO, "No such file");
    expect_load(NULL, RNNC_E_ARGUMENT, "NULL");
    write_text("");
    expect_load(path, RNNC_E_FORMAT, "model.safetensors\": 0 bytes");
    write_text("Once upon a time there was a file that was no model.");
    expect_load(path, RNNC_E_FORMAT, "not a safetensors file");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_load(path, RNNC_E_IO, "not a regular file");
    unlink(path);
    rnnc_model *model = rnnc_model_load_memory(NULL, NULL, 10);
    assert_int_equal(rnnc_model_status(model), RNNC_E_ARGUMENT);
    rnnc_model_destroy(model);
}

static void test_limits(void **state)
{
    (void)state;
    rnnc_weights *weights = every_op_weights(NULL, 3);
    save(weights);
    rnnc_context_options options = {.struct_size = sizeof options,
                                    .file_limit = 1000};
    rnnc_context *small = rnnc_context_create(&options);
    rnnc_model *model = rnnc_model_load(small, path);
    assert_int_equal(rnnc_model_status(model), RNNC_E_LIMIT);
    rnnc_model_destroy(model);
    rnnc_context_destroy(small);
    options.file_limit = 0;
    options.node_limit = 50;
    small = rnnc_context_create(&options);
    model = rnnc_model_load(small, path);
    assert_int_equal(rnnc_model_status(model), RNNC_E_LIMIT);
    rnnc_model_destroy(model);
    rnnc_context_destroy(small);
    rnnc_weights_destroy(weights);
}

// A context that was refused says so for each model.
static void test_contexts_that_were_refused(void **state)
{
    (void)state;
    rnnc_weights *weights = every_op_weights(NULL, 3);
    save(weights);
    rnnc_weights_destroy(weights);
    size_t size;
    unsigned char *bytes = read_file(&size);
    rnnc_context_options bad = {.struct_size = sizeof bad, .threads = -1};
    rnnc_context *context = rnnc_context_create(&bad);
    rnnc_model *models[] = {rnnc_model_load(context, path),
                            rnnc_model_load_memory(context, bytes, size)};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rnnc_model_status(models[i]), RNNC_E_ARGUMENT);
        assert_non_null(strstr(rnnc_model_message(models[i]), "threads is -1"));
        assert_null(rnnc_model_graph(models[i]));
        assert_null(rnnc_model_weights(models[i]));
        rnnc_model_destroy(models[i]);
    }
    rnnc_context_destroy(context);
    free(bytes);
}

// ---- Saves that fail -------------------------------------------------------

// Within a child, whose files may not grow beyond `bytes`.
static void save_limited(const rnnc_weights *weights, rlim_t bytes)
{
    pid_t child = fork();
    if (child == 0) {
        char message[200] = "";
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, bytes});
        rnnc_status status =
            rnnc_model_save(weights, path, message, sizeof message);
        _exit(status == RNNC_E_IO && message[0] != '\0' ? 0 : 1);
    }
    int result;
    waitpid(child, &result, 0);
    assert_int_equal(result, 0);
}

static void test_failed_save_keeps_the_old_file(void **state)
{
    (void)state;
    rnnc_weights *weights = every_op_weights(NULL, 8);
    save(weights);
    size_t size, now;
    unsigned char *old = read_file(&size);
    rnnc_weights_set(weights, "gain", (float[]){7, 8, 9}, 3);
    for (size_t limit = 0; limit < size; limit += size / 7) {
        save_limited(weights, limit);
        unsigned char *bytes = read_file(&now);
        assert_int_equal(now, size);
        assert_memory_equal(bytes, old, size);
        free(bytes);
        assert_int_equal(count_files(), 1);
    }
    char message[200];
    assert_int_equal(rnnc_model_save(weights, "/tmp/no/such/folder/file",
                                     message, sizeof message),
                     RNNC_E_IO);
    assert_non_null(strstr(message, "No such file"));
    assert_int_equal(rnnc_model_save(weights, folder, message, 10), RNNC_E_IO);
    assert_int_equal(strlen(message), 9);
    assert_int_equal(rnnc_model_save(weights, NULL, NULL, 0), RNNC_E_ARGUMENT);
    assert_int_equal(rnnc_model_save(NULL, path, NULL, 0), RNNC_E_ARGUMENT);
    free(old);
    rnnc_weights_destroy(weights);
}

static void test_save_keeps_the_mode(void **state)
{
    (void)state;
    rnnc_weights *weights = every_op_weights(NULL, 9);
    save(weights);
    struct stat about;
    assert_int_equal(chmod(path, 0640), 0);
    save(weights);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    rnnc_weights_destroy(weights);
}

// ---- Allocations that fail -------------------------------------------------

// One load with `left` allocations; true where they were enough.
static bool load_with(const void *bytes, size_t size, int left)
{
    fault f = {.at = left, .onwards = true};
    rnnc_context *context = fault_context(&f, 1);
    rnnc_model *model =
        context == NULL ? NULL : rnnc_model_load_memory(context, bytes, size);
    rnnc_status status = rnnc_model_status(model);
    assert_true(status == RNNC_OK || status == RNNC_E_MEMORY);
    size_t needed;
    if (status == RNNC_OK) {
        fault_arm(&f, 0, true);
        assert_int_equal(
            rnnc_model_save_memory(rnnc_model_weights(model), NULL, 0, &needed),
            RNNC_E_MEMORY);
    }
    rnnc_model_destroy(model);
    rnnc_context_destroy(context);
    assert_int_equal(f.live, 0);
    return status == RNNC_OK;
}

static void test_allocations_that_fail(void **state)
{
    (void)state;
    rnnc_weights *weights = every_op_weights(NULL, 4);
    size_t size;
    rnnc_model_save_memory(weights, NULL, 0, &size);
    unsigned char *bytes = malloc(size);
    rnnc_model_save_memory(weights, bytes, size, &size);
    rnnc_weights_destroy(weights);
    int enough = 0;
    while (!load_with(bytes, size, enough))
        enough++;
    assert_true(enough > 20);
    free(bytes);
}

// ---- The field's own reader ------------------------------------------------

static void write_expected(const rnnc_weights *weights, const char *file)
{
    FILE *to = fopen(file, "wb");
    for (int32_t p = 0; p < weights->n_parameters; p++) {
        const rni_parameter *parameter = weights->graph->parameters[p];
        fprintf(to, "%s\t", parameter->name);
        if (parameter->rank == 2)
            fprintf(to, "%ld ", (long)parameter->rows);
        fprintf(to, "%ld\t", (long)parameter->cols);
        const unsigned char *bytes =
            (const unsigned char *)rni_weights_values(weights, p);
        for (int64_t i = 0; i < 4 * parameter->rows * parameter->cols; i++)
            fprintf(to, "%02x", bytes[i]);
        fputc('\n', to);
    }
    fclose(to);
}

static void test_opens_in_python(void **state)
{
    (void)state;
    char expected[128], command[400];
    rnnc_weights *weights = every_op_weights(NULL, 10);
    save(weights);
    snprintf(expected, sizeof expected, "%s/expected.txt", folder);
    write_expected(weights, expected);
    rnnc_weights_destroy(weights);
    snprintf(command, sizeof command,
             "${PYTHON:-python3} check_safetensors.py '%s' '%s'", path,
             expected);
    int result = system(command);
    unlink(expected);
    if (WEXITSTATUS(result) == 77 || WEXITSTATUS(result) == 127)
        skip();
    assert_int_equal(result, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_is_there),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_that_is_none),
        cmocka_unit_test(test_constant_of_a_taken_name),
        cmocka_unit_test(test_outlives_its_parts),
        cmocka_unit_test(test_weights_load),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_contexts_that_were_refused),
        cmocka_unit_test(test_failed_save_keeps_the_old_file),
        cmocka_unit_test(test_save_keeps_the_mode),
        cmocka_unit_test(test_allocations_that_fail),
        cmocka_unit_test(test_opens_in_python),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
