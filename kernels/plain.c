/* The specification: what every kernel computes, as plain loops.
 *
 * This is also the instruction-set level "plain", which runs on any CPU: TRANSFORMER_ISA=plain selects it. The levels
 * in simd/ are tested against it and are bit-identical, except in linear_float32. That works because a sum has a fixed
 * order: column i goes into partial sum i % 8, as in a vector of eight floats, and add_eight adds the eight sums. */
#include <math.h>
#include <string.h>

#include "kernels/level.h"

static float add_eight(const float s[8])
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* x · y; both [n] */
static float dot(const float *x, const float *y, size_t n)
{
    float sums[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t j = 0; j < 8; j++)
            sums[j] += x[i + j] * y[i + j];
    for (size_t j = 0; i + j < n; j++)
        sums[j] += x[i + j] * y[i + j];
    return add_eight(sums);
}

/* ---- Linear layers: out = x Wᵀ + b, outputs first … last - 1 of n_rows rows. out points to output `first`. ---- */

/* x [n_rows, d_in], W [d_out, d_in], b [d_out] or NULL, all float32. */
static void linear_float32(float *out, size_t out_stride, const float *x, const linear_weights *w, size_t first,
                           size_t last, size_t n_rows)
{
    for (size_t o = first; o < last; o++)
        for (size_t row = 0; row < n_rows; row++) {
            float sum = dot(x + row * w->d_in, w->weight + o * w->d_in, w->d_in);
            out[row * out_stride + (o - first)] = sum + (w->bias ? w->bias[o] : 0.0f);
        }
}

/* x rounded to the nearest integer, ties to even, as rintf does; |x| < 2^22. The last bit of a float near 1.5 * 2^23 is
 * worth 1, so adding 1.5 * 2^23 rounds, and the result's bits are those of 1.5 * 2^23 plus the integer. */
static int32_t nearest(float x)
{
    float sum = x + 12582912.0f;
    int32_t bits;
    memcpy(&bits, &sum, sizeof bits);
    return bits - 0x4b400000;
}

/* Quantizes x [d] to int8, x[i] ≈ values[i] * scale, so that the largest magnitude becomes 127; returns scale. Columns
 * d … stride - 1 of values become 0. A row of zeros has scale 0, a row with a NaN or an infinity has scale NaN. *offset
 * is 0 at this level; see level.h. */
static float quantize_row(int8_t *values, int32_t *offset, const float *x, size_t d, size_t stride)
{
    float largest = 0.0f;
    for (size_t i = 0; i < d; i++)
        if (fabsf(x[i]) > largest || isnan(x[i]))
            largest = fabsf(x[i]); /* once NaN, it stays NaN: comparisons with NaN are false */
    *offset = 0;
    memset(values, 0, stride);
    if (!isfinite(largest) || largest < SMALLEST_ROW)
        return isfinite(largest) ? 0.0f : NAN;
    float steps = 127.0f / largest;
    for (size_t i = 0; i < d; i++)
        values[i] = (int8_t)nearest(x[i] * steps);
    return largest / 127.0f;
}

/* x · y, exact for n <= 2^16 */
static int32_t dot_int8(const int8_t *x, const int8_t *y, size_t n)
{
    int32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (int32_t)x[i] * (int32_t)y[i];
    return sum;
}

/* x [n_rows, d_in] quantized, W [d_out, d_in] int8 with one scale per output */
static void linear_int8(float *out, size_t out_stride, const quantized_rows *x, const linear_weights *w, size_t first,
                        size_t last, size_t n_rows)
{
    for (size_t o = first; o < last; o++)
        for (size_t row = 0; row < n_rows; row++) {
            int32_t sum = dot_int8(x->values + row * x->stride, w->weight_int8 + o * w->d_in, w->d_in);
            float scaled = (float)sum * (w->scale[o] * x->scales[row]);
            out[row * out_stride + (o - first)] = scaled + (w->bias ? w->bias[o] : 0.0f);
        }
}

void kernels_linear_row(float *out, const linear_weights *w, size_t row)
{
    for (size_t i = 0; i < w->d_in; i++)
        out[i] = w->weight ? w->weight[row * w->d_in + i] : (float)w->weight_int8[row * w->d_in + i] * w->scale[row];
}

/* ---- Attention: the products q kᵀ / √d_head and weights · v, and the softmax between them ---- */

/* out [m, n] = factor * a [m, k] bᵀ, b [n, k] */
static void matmul_transposed(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b,
                              size_t b_stride, size_t m, size_t n, size_t k, float factor)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            out[i * out_stride + j] = factor * dot(a + i * a_stride, b + j * b_stride, k);
}

/* out [m, n] += a [m, k] b [k, n]; each output is one sum, in the order of k. */
static void matmul_add(float *out, size_t out_stride, const float *a, size_t a_stride, const float *b, size_t b_stride,
                       size_t m, size_t n, size_t k)
{
    for (size_t i = 0; i < m; i++, a += a_stride, out += out_stride)
        for (size_t l = 0; l < k; l++)
            for (size_t j = 0; j < n; j++)
                out[j] += a[l] * b[l * b_stride + j];
}

/* exp(x) = 2^n exp(r), where n is x/ln 2 rounded, so |r| <= ln(2)/2. exp(r) is its Taylor series up to r^7/7!, whose
 * remainder is below 6e-9: the error is at most 2 units in the last place (tests/test_kernels.c). The result is 0 below
 * -87.3, where it would be subnormal, and 2^127.5 above 88.4. */
static float exponential(float x)
{
    static const float series[] = {1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
    float clamped = x < -87.3f ? -87.3f : x > 88.4f ? 88.4f : x; /* NaN stays NaN */
    int32_t n = nearest(clamped * 1.44269504f);
    /* ln 2 in two parts; the first has so few bits that its product with n is exact */
    float r = clamped - (float)n * 0.693359375f - (float)n * -2.12194440e-4f;
    float sum = 0.0f;
    for (size_t i = 0; i < sizeof series / sizeof *series; i++)
        sum = sum * r + series[i];
    uint32_t bits = (uint32_t)(n + 127) << 23; /* of 2^n: the exponent of a float starts at bit 23 and is n + 127 */
    float power;
    memcpy(&power, &bits, sizeof power);
    return x < -87.3f ? 0.0f : sum * power;
}

/* The largest of x [n], n > 0; NaN if one of them is NaN. */
static float max(const float *x, size_t n)
{
    float largest = x[0];
    for (size_t i = 1; i < n; i++)
        if (x[i] > largest || isnan(x[i]))
            largest = x[i];
    return largest;
}

/* x [n] = exp(x_i) / sum_j exp(x_j). Subtracting the largest x first does not change the result, and exp cannot
 * overflow. */
static void softmax(float *x, size_t n)
{
    float largest = max(x, n), sums[8] = {0};
    for (size_t i = 0; i < n; i++)
        x[i] = exponential(x[i] - largest);
    for (size_t i = 0; i < n; i++)
        sums[i % 8] += x[i];
    float sum = add_eight(sums);
    for (size_t i = 0; i < n; i++)
        x[i] /= sum;
}

/* ---- Around each sublayer: the residual connection and layer normalization ---- */

void kernels_add(float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] += y[i];
}

/* out [n_rows, d] = (x - mean) / sqrt(variance + epsilon) * weight + bias, with the mean and the biased variance of
 * each row, in double (Ba, Kiros and Hinton 2016, equation 4; epsilon as in torch.nn.LayerNorm). */
static void layer_norm(float *out, const float *x, const float *weight, const float *bias, double epsilon,
                       size_t n_rows, size_t d)
{
    for (size_t row = 0; row < n_rows; row++, x += d, out += d) {
        double sums[8] = {0}, squares[8] = {0};
        for (size_t i = 0; i < d; i++)
            sums[i % 8] += (double)x[i];
        double mean = add_eight_double(sums) / (double)d;
        for (size_t i = 0; i < d; i++)
            squares[i % 8] += ((double)x[i] - mean) * ((double)x[i] - mean);
        double variance = add_eight_double(squares) / (double)d;
        double inverse = 1.0 / sqrt(variance + epsilon);
        for (size_t i = 0; i < d; i++)
            out[i] = (float)(((double)x[i] - mean) * inverse) * weight[i] + bias[i];
    }
}

/* ---- Activations of the feed-forward network; x [n] in place ---- */

/* max(0, x); NaN stays NaN */
void kernels_relu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] < 0.0f ? 0.0f : x[i];
}

/* x / (1 + exp(-x)) (Ramachandran, Zoph and Le 2017; SiLU in PyTorch) */
static void swish(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] / (1.0f + exponential(-x[i]));
}

/* x/2 (1 + erf(x/√2)) (Hendrycks and Gimpel 2016, the exact form) */
void kernels_gelu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678f));
}

/* x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))) (the same paper's approximation) */
void kernels_gelu_tanh(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 0.5f * x[i] * (1.0f + tanhf(0.79788456f * (x[i] + 0.044715f * x[i] * x[i] * x[i])));
}

const kernel_level kernels_plain = {"plain", NULL, true, LEVEL_FUNCTIONS};
