/* Linear layers and matrix products.
 *
 * float32 goes to BLAS: gemm for several rows, gemv for one (a gemm of one row is several times
 * slower in OpenBLAS 0.3.21). int8 is plain C over exact integer sums. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

#define SMALLEST_ROW 1e-30f /* rows of smaller magnitude count as zeros: their reciprocal would overflow */

void kernels_start(void)
{
    openblas_set_num_threads(1);
}

const char *kernels_blas_core(void)
{
    return openblas_get_corename();
}

void product_transposed(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                        size_t m, size_t n, size_t k, float factor)
{
    if (m == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)n, (int)k, factor, b, (int)b_stride, a, 1, 0.0f, out, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, factor, a, (int)a_stride, b,
                    (int)b_stride, 0.0f, out, (int)out_stride);
}

void product(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride, size_t m,
             size_t n, size_t k)
{
    if (m == 1)
        cblas_sgemv(CblasRowMajor, CblasTrans, (int)k, (int)n, 1.0f, b, (int)b_stride, a, 1, 0.0f, out, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0f, a, (int)a_stride, b,
                    (int)b_stride, 0.0f, out, (int)out_stride);
}

/* values [d] = x [d] rounded to steps of the returned scale; the largest magnitude becomes 127. A row of
 * zeros has the scale 0; a row with something infinite or not a number has a scale that is not a number. */
static float quantize_row(int16_t *values, const float *x, size_t d)
{
    float largest = 0.0f, check = 0.0f;
    for (size_t i = 0; i < d; i++) {
        largest = fmaxf(largest, fabsf(x[i]));
        check += x[i] * 0.0f;
    }
    if (isnan(check) || largest < SMALLEST_ROW) {
        memset(values, 0, d * sizeof *values);
        return check;
    }
    float steps = 127.0f / largest;
    for (size_t i = 0; i < d; i++)
        values[i] = (int16_t)lrintf(x[i] * steps);
    return largest / 127.0f;
}

/* Exact: d < 2^17 products of magnitude at most 127 * 128 fit in an int32. */
static int32_t dot_narrow(const int8_t *weight, const int16_t *x, size_t d)
{
    int32_t sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += (int32_t)weight[i] * (int32_t)x[i];
    return sum;
}

/* sums [4] = weight [d] with each of four rows of x, `stride` apart. Values of 16 bits, for which every x86-64 and
 * ARM has an instruction that multiplies pairs and adds them, and four sums at once, so that a compiler uses it well:
 * four times as fast as dot_narrow with gcc 12 and nothing but SSE2. */
static void dot_four(int32_t *sums, const int16_t *weight, const int16_t *x, size_t stride, size_t d)
{
    int32_t a = 0, b = 0, c = 0, e = 0;
    for (size_t i = 0; i < d; i++) {
        int32_t w = weight[i];
        a += w * x[i];
        b += w * x[stride + i];
        c += w * x[2 * stride + i];
        e += w * x[3 * stride + i];
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = e;
}

static void linear_int8(float *out, const float *x, const linear_weights *w, size_t n_rows, linear_scratch *scratch)
{
    size_t d_in = w->d_in, d_out = w->d_out, n_fours = n_rows / 4 * 4;
    for (size_t row = 0; row < n_rows; row++)
        scratch->scales[row] = quantize_row(scratch->values + row * d_in, x + row * d_in, d_in);
    for (size_t o = 0; o < d_out; o++) {
        const int8_t *weight_row = w->weight_int8 + o * d_in;
        float bias = w->bias ? w->bias[o] : 0.0f;
        int32_t sums[4];
        if (n_fours)
            for (size_t i = 0; i < d_in; i++)
                scratch->weight_row[i] = weight_row[i];
        for (size_t row = 0; row < n_rows; row++) {
            const int16_t *values = scratch->values + row * d_in;
            if (row >= n_fours)
                sums[row % 4] = dot_narrow(weight_row, values, d_in);
            else if (row % 4 == 0)
                dot_four(sums, scratch->weight_row, values, d_in, d_in);
            out[row * d_out + o] = (float)sums[row % 4] * (scratch->scales[row] * w->scale[o]) + bias;
        }
    }
}

void linear(float *out, const float *x, const linear_weights *w, size_t n_rows, linear_scratch *scratch)
{
    if (w->weight_int8) {
        linear_int8(out, x, w, n_rows, scratch);
        return;
    }
    product_transposed(out, w->d_out, x, w->d_in, w->weight, w->d_in, n_rows, w->d_out, w->d_in, 1.0f);
    if (w->bias)
        for (size_t row = 0; row < n_rows; row++)
            add(out + row * w->d_out, w->bias, w->d_out);
}

void linear_row(float *out, const linear_weights *w, size_t row)
{
    if (w->weight_int8)
        for (size_t i = 0; i < w->d_in; i++)
            out[i] = (float)w->weight_int8[row * w->d_in + i] * w->scale[row];
    else
        memcpy(out, w->weight + row * w->d_in, w->d_in * sizeof *out);
}

void add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}
