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
static float quantize_row(int8_t *values, const float *x, size_t d)
{
    float largest = 0.0f, check = 0.0f;
    for (size_t i = 0; i < d; i++) {
        largest = fmaxf(largest, fabsf(x[i]));
        check += x[i] * 0.0f;
    }
    if (isnan(check) || largest < SMALLEST_ROW) {
        memset(values, 0, d);
        return check;
    }
    float steps = 127.0f / largest;
    for (size_t i = 0; i < d; i++)
        values[i] = (int8_t)lrintf(x[i] * steps);
    return largest / 127.0f;
}

/* Exact: d < 2^17 products of magnitude at most 127 * 128 fit in an int32. */
static int32_t dot_int8(const int8_t *a, const int8_t *b, size_t d)
{
    int32_t sum = 0;
    for (size_t i = 0; i < d; i++)
        sum += (int32_t)a[i] * (int32_t)b[i];
    return sum;
}

static void linear_int8(float *out, const float *x, const linear_weights *w, size_t n_rows, linear_scratch *scratch)
{
    for (size_t row = 0; row < n_rows; row++)
        scratch->scales[row] = quantize_row(scratch->values + row * w->d_in, x + row * w->d_in, w->d_in);
    for (size_t o = 0; o < w->d_out; o++) {
        const int8_t *weight_row = w->weight_int8 + o * w->d_in;
        float bias = w->bias ? w->bias[o] : 0.0f;
        for (size_t row = 0; row < n_rows; row++) {
            int32_t sum = dot_int8(weight_row, scratch->values + row * w->d_in, w->d_in);
            out[row * w->d_out + o] = (float)sum * (scratch->scales[row] * w->scale[o]) + bias;
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
