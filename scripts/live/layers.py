"""Records layers of Keras with options that are not the usual ones: configuration, shape, count and y of networks of one line each.
python3 scripts/live/layers.py > __tests__/reference/kerasLayers.json

s is a sequence [6, 4] (z another one, m the same with two masked steps), o one of open length (6 in the run), f a row [5], i an image [5, 6, 3],
j one of open sizes, v a volume [4, 5, 3, 2], t whole numbers [6] from 0 to 4. L is keras.layers, O keras.ops,
C and P numbers of a shape, those of P above 0.
"""

import importlib
import inspect
import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import keras
import numpy as np
from keras import layers as L
from keras import ops as O

LINES = """
L.Dense(3, activation='softsign')(f)
L.Dense(3, use_bias=False)(i)
L.EinsumDense('abc,cd->abd', (None, 5), bias_axes='d', activation='relu')(s)
L.EinsumDense('abc,bce->ae', (3,), bias_axes=None)(s)
L.EinsumDense('...x,xy->...y', (5,), bias_axes='y')(i)
L.EinsumDense('abcd,ce->abed', (None, 7, 3), bias_axes='ed')(i)
L.Embedding(5, 3)(t)
L.Embedding(5, 4, mask_zero=True)(t)
L.LSTM(3)(L.Embedding(5, 4, mask_zero=True)(t))
L.Conv1D(3, 2)(s)
L.Conv1D(3, 2, strides=2, padding='same', activation='tanh')(s)
L.Conv1D(3, 3, padding='causal', dilation_rate=2, use_bias=False)(s)
L.Conv1D(4, 3, groups=2)(s)
L.Conv1D(3, 3, padding='valid', dilation_rate=2)(o)
L.Conv1D(3, 3, padding='same', strides=3)(o)
L.Conv2D(2, (2, 3), strides=(2, 1))(i)
L.Conv2D(2, (2, 3), strides=(1, 2), padding='same')(i)
L.Conv2D(6, 2, groups=3, dilation_rate=(2, 1))(i)
L.Conv2D(2, (2, 1), padding='same')(j)
L.Conv3D(2, (2, 1, 3), strides=(1, 2, 1))(v)
L.Conv3D(2, 2, padding='same')(v)
L.DepthwiseConv1D(2, depth_multiplier=2, activation='relu')(s)
L.DepthwiseConv1D(3, strides=2, padding='same', use_bias=False)(s)
L.DepthwiseConv2D((2, 3), depth_multiplier=2)(i)
L.DepthwiseConv2D(2, strides=2, padding='same')(i)
L.SeparableConv1D(3, 2, depth_multiplier=2)(s)
L.SeparableConv1D(3, 3, strides=2, padding='same', use_bias=False, activation='relu')(s)
L.SeparableConv2D(4, (2, 3), padding='same', depth_multiplier=2)(i)
L.Conv1DTranspose(3, 2)(s)
L.Conv1DTranspose(3, 3, strides=2, padding='same')(s)
L.Conv1DTranspose(3, 4, strides=3, padding='same', output_padding=1)(s)
L.Conv1DTranspose(3, 3, strides=2, padding='valid', output_padding=1, use_bias=False)(s)
L.Conv1DTranspose(2, 3, strides=2, padding='same')(o)
L.Conv2DTranspose(2, (2, 3), strides=(2, 1))(i)
L.Conv2DTranspose(2, 3, strides=(1, 2), padding='same', activation='sigmoid')(i)
L.Conv3DTranspose(2, (1, 2, 2), strides=(1, 2, 1))(v)
L.MaxPooling1D(2)(s)
L.MaxPooling1D(3, strides=1, padding='same')(s)
L.MaxPooling1D(3, strides=2, data_format='channels_first')(s)
L.MaxPooling1D(2, strides=2)(o)
L.AveragePooling1D(4, strides=3, padding='same')(s)
L.AveragePooling1D(2, padding='same')(o)
L.MaxPooling2D((2, 3))(i)
L.MaxPooling2D((3, 2), strides=(1, 2), padding='same')(i)
L.AveragePooling2D((2, 3), strides=(2, 2), padding='same')(i)
L.AveragePooling2D(2)(j)
L.MaxPooling3D((2, 1, 2), padding='same')(v)
L.AveragePooling3D((1, 2, 3), strides=1)(v)
L.GlobalMaxPooling1D()(s)
L.GlobalMaxPooling1D(keepdims=True)(s)
L.GlobalAveragePooling1D()(s)
L.GlobalAveragePooling1D()(m)
L.GlobalMaxPooling1D()(m)
L.GlobalAveragePooling1D(data_format='channels_first', keepdims=True)(s)
L.GlobalMaxPooling2D()(i)
L.GlobalAveragePooling2D(keepdims=True)(i)
L.GlobalAveragePooling3D()(v)
L.GlobalMaxPooling3D(keepdims=True)(v)
L.AdaptiveAveragePooling1D(4)(s)
L.AdaptiveMaxPooling1D(5)(s)
L.AdaptiveAveragePooling2D((2, 4))(i)
L.AdaptiveMaxPooling2D((3, 2))(i)
L.BatchNormalization()(s)
L.BatchNormalization(axis=1, epsilon=0.1, center=False)(s)
L.BatchNormalization(axis=2, scale=False)(i)
L.LayerNormalization()(s)
L.LayerNormalization(axis=1, epsilon=0.2)(s)
L.LayerNormalization(axis=(1, 2), center=False)(i)
L.LayerNormalization(axis=[-1, -2], scale=False)(s)
L.RMSNormalization(epsilon=0.1)(s)
L.UnitNormalization()(s)
L.UnitNormalization(axis=1)(s)
L.UnitNormalization(axis=(1, 2))(s)
L.GroupNormalization(2)(s)
L.GroupNormalization(-1, epsilon=0.1)(i)
L.GroupNormalization(3, axis=1, scale=False)(s)
L.GroupNormalization(1, center=False)(i)
L.Normalization(mean=[0.5, 1, -1, 0], variance=[1, 4, 0.5, 2])(s)
L.Normalization(mean=0.5, variance=4.0, axis=None)(s)
L.Normalization(mean=[0.5, 1, -1, 0], variance=[1, 4, 0.5, 2], invert=True)(s)
L.SpectralNormalization(L.Dense(3))(s)
L.Rescaling(0.25, offset=1.5)(s)
L.Discretization([-0.5, 0.25, 1.0])(s)
L.Discretization([-0.5, 0.25, 1.0], output_mode='one_hot')(f)
L.Discretization([-0.5, 0.25, 1.0], output_mode='multi_hot')(f)
L.Discretization([-0.5, 0.25, 1.0], output_mode='count')(f)
L.CategoryEncoding(5, output_mode='one_hot')(t)
L.CategoryEncoding(5, output_mode='multi_hot')(t)
L.CategoryEncoding(5, output_mode='count')(t)
L.IntegerLookup(vocabulary=[3, 1, 4])(t)
L.IntegerLookup(vocabulary=[3, 1, 4], num_oov_indices=2)(t)
L.IntegerLookup(vocabulary=[3, 1, 4], mask_token=0, output_mode='multi_hot')(t)
L.Hashing(7)(t)
L.Hashing(7, mask_value=0)(t)
L.Reshape((3, -1))(s)
L.Reshape((2, 3, 4))(s)
L.Reshape((-1, 2))(o)
L.Flatten()(i)
L.Flatten(data_format='channels_first')(i)
L.Permute((2, 1))(s)
L.Permute((3, 1, 2))(i)
L.RepeatVector(3)(f)
L.ZeroPadding1D((1, 2))(s)
L.ZeroPadding2D(((1, 0), (2, 1)))(i)
L.ZeroPadding2D((1, 2), data_format='channels_first')(i)
L.ZeroPadding3D(((1, 0), (0, 2), (1, 1)))(v)
L.Cropping1D((2, 1))(s)
L.Cropping1D((1, 0))(o)
L.Cropping2D(((1, 0), (2, 1)))(i)
L.Cropping2D((1, 2))(i)
L.Cropping3D(((1, 0), (0, 2), (1, 1)))(v)
L.UpSampling1D(3)(s)
L.UpSampling2D((2, 3))(i)
L.UpSampling2D((2, 3), interpolation='bilinear')(i)
L.UpSampling2D(2, interpolation='bicubic')(i)
L.UpSampling2D(2, interpolation='lanczos3')(i)
L.UpSampling3D((2, 1, 3))(v)
L.Resizing(7, 4)(i)
L.Resizing(3, 9, interpolation='nearest')(i)
L.Resizing(7, 4, interpolation='bicubic')(i)
L.Resizing(3, 5, interpolation='lanczos3')(i)
L.Resizing(7, 9, interpolation='lanczos5')(i)
L.Resizing(3, 3, crop_to_aspect_ratio=True)(i)
L.Resizing(8, 4, pad_to_aspect_ratio=True, fill_value=0.5)(i)
L.CenterCrop(3, 4)(i)
L.CenterCrop(2, 3)(i)
L.Activation('gelu')(s)
L.Activation('log_softmax')(s)
L.Activation('hard_silu')(s)
L.Activation('exponential')(s)
L.Activation('sparse_plus')(s)
L.Activation('squareplus')(s)
L.Activation('celu')(s)
L.Activation('tanh_shrink')(s)
L.Activation('sparsemax')(s)
L.ReLU(max_value=1.2, negative_slope=0.25, threshold=0.5)(s)
L.ReLU(threshold=0.3)(s)
L.LeakyReLU(negative_slope=0.1)(s)
L.ELU(alpha=0.4)(s)
L.Softmax(axis=1)(s)
L.Softmax(axis=(1, 2))(s)
L.PReLU()(s)
L.PReLU(shared_axes=[1, 2])(i)
L.Add()([s, z])
L.Subtract()([s, z])
L.Multiply()([s, z, z])
L.Average()([s, z, s])
L.Maximum()([s, z])
L.Minimum()([s, z])
L.Concatenate()([s, z])
L.Concatenate(axis=1)([s, z])
L.Concatenate(axis=-2)([o, s])
L.Add()([L.RepeatVector(6)(L.Dense(4)(f)), s])
L.GlobalAveragePooling1D()(L.Add()([m, z]))
L.GlobalAveragePooling1D()(L.Multiply()([m, z]))
L.GlobalAveragePooling1D()(L.Concatenate()([m, z]))
L.GlobalAveragePooling1D()(L.Concatenate(axis=1)([m, z]))
L.GlobalAveragePooling1D()(L.Maximum()([m, m2]))
L.GlobalAveragePooling1D()(L.Minimum()([m, m2]))
L.GlobalAveragePooling1D()(L.Average()([m, m2]))
L.GlobalAveragePooling1D()(L.Subtract()([m, m2]))
L.GlobalAveragePooling1D()(L.Multiply()([m, m2]))
L.GlobalAveragePooling1D()(L.Concatenate()([m, m2]))
L.GlobalAveragePooling1D()(L.Concatenate(axis=1)([m, m2]))
L.GlobalAveragePooling1D()(L.TimeDistributed(L.Dense(3))(m))
L.GlobalAveragePooling1D()(L.Activation('tanh')(m))
L.GlobalAveragePooling1D()(L.Dense(3)(L.Dropout(0.5)(m)))
L.GlobalAveragePooling1D()(L.Conv1D(3, 2)(m))
L.GlobalAveragePooling1D()(L.LayerNormalization()(m))
L.GlobalAveragePooling1D()(L.GRU(3, return_sequences=True)(m))
L.Dot(axes=(2, 2))([s, z])
L.Dot(axes=1)([s, z])
L.Dot(axes=(1, 1), normalize=True)([f, g])
L.Dot(axes=-1, normalize=True)([s, z])
L.Attention()([s, z])
L.Attention(use_scale=True, score_mode='concat')([s, z])
L.Attention(use_scale=True)([s, z, z2])
L.Attention()([s, z], use_causal_mask=True)
L.Attention()([s, m])
L.AdditiveAttention()([s, z])
L.AdditiveAttention(use_scale=False)([s, m, z2])
L.MultiHeadAttention(2, 3)(s, z)
L.MultiHeadAttention(2, 3, value_dim=5, output_shape=7)(s, z2, z)
L.MultiHeadAttention(2, 3, output_shape=(2, 3))(s, z)
L.MultiHeadAttention(2, 3, use_bias=False)(s, s, use_causal_mask=True)
L.MultiHeadAttention(2, 3, attention_axes=(1, 2))(i, i)
L.MultiHeadAttention(2, 3, attention_axes=(2,))(i, i)
L.MultiHeadAttention(1, 2)(m, s)
L.MultiHeadAttention(2, 2)(s, m)
L.GroupQueryAttention(3, 4, 2)(s, z)
L.GroupQueryAttention(3, 2, 2, use_bias=False)(s, z, use_causal_mask=True)
L.SimpleRNN(3, activation='relu')(s)
L.SimpleRNN(3, go_backwards=True, return_sequences=True, use_bias=False)(s)
L.LSTM(3, recurrent_activation='hard_sigmoid', activation='softsign')(s)
L.LSTM(3, return_sequences=True, use_bias=False)(m)
L.LSTM(3, go_backwards=True)(m)
L.GRU(3, reset_after=False, return_sequences=True)(s)
L.GRU(3, use_bias=False)(m)
L.GRU(3, return_sequences=True)(m)
L.Bidirectional(L.LSTM(3))(s)
L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode='sum')(m)
L.Bidirectional(L.SimpleRNN(3), merge_mode='mul')(s)
L.Bidirectional(L.SimpleRNN(3, return_sequences=True), merge_mode='ave')(s)
L.Bidirectional(L.LSTM(3, return_sequences=True), backward_layer=L.GRU(2, return_sequences=True, go_backwards=True))(m)
L.RNN([L.LSTMCell(3), L.GRUCell(2)])(s)
L.RNN([L.SimpleRNNCell(3), L.SimpleRNNCell(2, activation='relu')], return_sequences=True, go_backwards=True)(m)
L.RNN(L.GRUCell(3, reset_after=False))(s)
L.TimeDistributed(L.Dense(3, activation='relu'))(s)
L.TimeDistributed(L.Conv1D(2, 2))(i)
L.TimeDistributed(L.LSTM(3))(i)
L.TimeDistributed(L.Flatten())(v)
L.ConvLSTM1D(2, 2)(i)
L.ConvLSTM1D(2, 3, padding='same', return_sequences=True, recurrent_activation='sigmoid', use_bias=False)(i)
L.ConvLSTM1D(2, 2, strides=2, go_backwards=True)(i)
L.ConvLSTM1D(2, 2, dilation_rate=2, return_sequences=True)(i)
L.ConvLSTM2D(2, (2, 1), padding='same', data_format='channels_last')(v)
L.ConvLSTM1D(2, 2, padding='same')(i, initial_state=[i[:, 0, :, :2], i[:, 1, :, 1:]])
L.ConvLSTM1D(2, 2, padding='same', return_sequences=True, go_backwards=True)(i, initial_state=[i[:, 1, :, 1:], i[:, 0, :, :2]])
L.SimpleRNN(4, return_sequences=True)(s, initial_state=z[:, 2])
L.Bidirectional(L.GRU(4))(s, initial_state=[z[:, 0], z[:, 1]])
L.RNN([L.LSTMCell(4), L.GRUCell(4)])(s, initial_state=[[z[:, 0], z[:, 1]], z[:, 2]])
L.Dropout(0.3)(s)
L.SpatialDropout1D(0.3)(s)
L.GaussianNoise(0.3)(s)
L.ActivityRegularization(0.1)(s)
L.Identity()(s)
L.STFTSpectrogram('real', 4, 2, 4, window=None)(w)
L.STFTSpectrogram('imag', 6, 3, 8, window=None)(w)
L.STFTSpectrogram('magnitude', 4, 4, 4, window=None, padding='same', expand_dims=True)(w)
L.STFTSpectrogram('log', 5, 2, 8, window=None)(w)
L.STFTSpectrogram('psd', 4, 3, 8, window=None)(w)
L.STFTSpectrogram('angle', 4, 3, 4, window=None, padding='same')(w)
L.MelSpectrogram(fft_length=8, sequence_stride=4, sequence_length=8, sampling_rate=100, num_mel_bins=3, min_freq=5.0, max_freq=40.0)(w1)
O.split(s, 3, axis=1)[1]
O.split(s, [1, 3], axis=-1)[2]
O.array_split(s, 4, axis=1)[3]
O.array_split(s, 4, axis=1)[1]
O.unstack(s, axis=1)[2]
O.unstack(s, axis=-1)[-1]
O.stack([s, z], axis=-1)
O.stack([s, z], axis=1)
s[:, ::-1]
s[:, -1]
s[:, 1:-1, ::2]
s[..., 0]
s[:, None]
s[:, -3:, 1]
i[:, 1:3, ..., -1]
i[:, None, 2, :, 1:]
O.slice(s, (0, 1, 1), (2, 3, 2))
O.take(s, [0, -1], axis=1)
O.take(s, 2, axis=-1)
O.take_along_axis(s, O.argsort(z, axis=1), axis=1)
O.swapaxes(i, 1, -1)
O.moveaxis(i, 1, -1)
O.moveaxis(i, [1, 2], [-1, 1])
O.transpose(i, (0, 3, 1, 2))
O.pad(s, ((0, 0), (1, 2), (0, 1)), mode='reflect')
O.pad(s, ((0, 0), (2, 1), (0, 1)), mode='symmetric')
O.pad(s, ((0, 0), (2, 1), (0, 0)), constant_values=0.5)
O.repeat(s, 2, axis=1)
O.repeat(s, [1, 2, 0, 1, 1, 3], axis=1)
O.roll(s, 2, axis=1)
O.roll(s, -1, axis=2)
O.flip(s, axis=(1, 2))
O.expand_dims(s, (1, -1))
O.squeeze(s[:, :1], axis=1)
O.tile(s, (1, 2, 1))
O.diff(s, n=2, axis=1)
O.diff(s)
O.one_hot(t, 5)
O.one_hot(t, 5, axis=1)
O.multi_hot(t, 5)
O.top_k(s, 2)[0]
O.top_k(s, 3)[1]
O.sort(s, axis=1)
O.argsort(s, axis=-1)
O.cumsum(s, axis=1)
O.cumprod(s, axis=2)
O.tril(s, k=1)
O.triu(s, k=-1)
O.max_pool(i, 2, strides=(1, 2), padding='same')
O.max_pool(s, 3, strides=1)
O.average_pool(i, (2, 3), padding='same')
O.average_pool(s, 2, strides=3)
O.conv(s, C(3, 4, 5), strides=2, padding='same')
O.conv(s, C(2, 4, 3), dilation_rate=2)
O.conv(i, C(2, 3, 3, 2), strides=(1, 2), padding='same')
O.depthwise_conv(i, C(2, 3, 3, 2), padding='same')
O.depthwise_conv(s, C(3, 4, 1), strides=2)
O.separable_conv(i, C(2, 2, 3, 2), C(1, 1, 6, 4))
O.dot_product_attention(O.reshape(s, (-1, 6, 2, 2)), O.reshape(z, (-1, 6, 2, 2)), O.reshape(s, (-1, 6, 2, 2)), is_causal=True)
O.dot_product_attention(O.reshape(s, (-1, 6, 2, 2)), O.reshape(z, (-1, 6, 2, 2)), O.reshape(s, (-1, 6, 2, 2)), scale=0.3)
O.batch_normalization(s, C(4), P(4), axis=-1, offset=C(4), scale=P(4), epsilon=0.1)
O.batch_normalization(s, C(6), P(6), axis=1)
O.layer_normalization(s, gamma=C(4), beta=C(4), axis=-1, epsilon=0.1)
O.rms_normalization(s, scale=C(4), axis=-1, epsilon=0.1)
O.normalize(s, axis=1, order=1)
O.normalize(s, axis=-1, order=2)
O.norm(s, ord=1, axis=-1)
O.norm(s, axis=(1, 2))
O.norm(s, ord=3, axis=-1)
O.var(s, axis=1, keepdims=True)
O.std(s, axis=(1, 2))
O.mean(s, axis=(-1, 1))
O.prod(s, axis=1)
O.median(s, axis=1, keepdims=True)
O.quantile(s, [0.2, 0.7], axis=1, method='lower')
O.quantile(s, 0.35, axis=-1, keepdims=True)
O.average(s, axis=1, weights=P(6))
O.logsumexp(s, axis=(1, 2), keepdims=True)
O.max(s, axis=1, initial=0.5)
O.min(s, axis=(1, 2), keepdims=True)
O.all(s > -1.5, axis=1)
O.any(s > 1.5, axis=(1, 2), keepdims=True)
O.count_nonzero(O.relu(s), axis=1)
O.argmax(s, axis=1, keepdims=True)
O.argmin(s, axis=-1)
O.diagonal(s, offset=1, axis1=1, axis2=2)
O.diagonal(s, offset=-2, axis1=1, axis2=2)
O.trace(s, offset=1, axis1=1, axis2=2)
O.einsum('bij,bkj->bik', s, z)
O.einsum('b...j,jk->b...k', i, C(3, 2))
O.einsum('bij->bji', s)
O.einsum('bij,bij->b', s, z)
O.tensordot(s, C(4, 3), axes=1)
O.tensordot(s, C(6, 3), axes=[[1], [0]])
O.dot(s, C(4, 3))
O.matmul(s, O.transpose(z, (0, 2, 1)))
O.cross(s[..., :3], z[..., 1:])
O.fft((s, z))[0]
O.rfft(s)[1]
O.rfft(s, fft_length=8)[0]
O.irfft(O.rfft(s))
O.irfft((s, z), fft_length=5)
O.fft2((s, z))[1]
O.extract_sequences(w[:, :, 0], 4, 3)
O.digitize(s, np.array([-0.5, 0.25, 1.0]))
O.bincount(t, minlength=7)
O.image.resize(i, (3, 9))
O.image.resize(i, (3, 4), antialias=True)
O.image.resize(i, (8, 4), interpolation='bicubic')
O.image.resize(i, (3, 3), interpolation='nearest')
O.image.resize(i, (8, 3), crop_to_aspect_ratio=True)
O.image.rgb_to_grayscale(i)
O.image.extract_patches(i, (2, 3), strides=(1, 2), padding='same')
O.image.extract_patches(i, (2, 3))
O.image.pad_images(i, 1, 2, target_height=9, target_width=9)
O.image.crop_images(i, 1, 1, target_height=3, target_width=4)
O.clip(s, -0.5, 0.75)
O.where(s > z, s, 0.5)
O.isclose(s, z, rtol=0.5, atol=0.2)
O.floor_divide(s, 0.3)
O.mod(s, -0.7)
O.power(O.abs(s), 1.5)
O.round(s, 1)
O.erfinv(O.tanh(s))
O.leaky_relu(s, 0.3)
O.celu(s, 0.6)
O.elu(s, 0.3)
O.gelu(s, approximate=False)
O.hard_shrink(s, 0.3)
O.threshold(s, 0.2, -1)
O.softmax(s, axis=1)
O.log_softmax(s, axis=1)
O.sparsemax(s, axis=1)
O.glu(s, axis=-1)
O.squareplus(s, b=2)
O.cast(s, 'int32')
O.cast(s > 0, 'float32') * z
O.full_like(s, 2.5)
O.select([s > 0.5, z > 0], [s, z], default=-1.0)
O.isin(t, [1, 3])
O.reshape(i, (-1, 5, 18))
O.concatenate([s, z], axis=-2)
O.vstack([s, z])
O.hstack([s, z])
1.5 - s
s ** 2 / (1 + O.abs(z))
-s // 0.7 + s % 0.4
(s >= 0.5) | (z < 0)
O.logical_not(s != z)
t + 1
t // 2 * 3
O.cast(t, 'float32') / 2
""".strip().split("\n")

SHAPES = {"s": (6, 4), "z": (6, 4), "z2": (6, 4), "o": (None, 4), "f": (5,), "g": (5,), "i": (5, 6, 3), "j": (None, None, 3), "v": (4, 5, 3, 2), "t": (6,), "w": (16, 1), "w1": (16,), "mx": (6, 4), "mx2": (6, 4)}
OPEN = {"o": (6, 4), "j": (5, 6, 3)}


def numbers(shape, start):
    n = int(np.prod(shape))
    return np.round(np.sin(np.arange(n) * 2.3 + start) * 1024).reshape(shape) / 512


def constant(*shape):
    return numbers(shape, 3).astype("float32")


def build(line):
    body = compile(line, "line", "eval")
    made = {}

    def tensor(name):
        if name not in made:
            made[name] = keras.Input(SHAPES[name], dtype="int32" if name == "t" else "float32", name=name)
        return made[name]

    known = {"L": L, "O": O, "C": constant, "P": lambda *shape: np.abs(constant(*shape)) + np.float32(0.5), "np": np}
    for name in body.co_names:
        if name in ("m", "m2"):
            known[name] = L.Masking(mask_value=0.0, name=f"masking_{name}")(tensor("mx" if name == "m" else "mx2"))
        elif name in SHAPES:
            known[name] = tensor(name)
    y = eval(body, known)
    return keras.Model(list(made.values()), y), list(made)


def weight(k, shape, name):
    n = int(np.prod(shape))
    values = ((np.arange(n) + 3 * k) * 7 % 11) / 8 - 0.625
    return np.reshape(np.abs(values) + 0.5 if "variance" in name else values, shape).astype("float32")


def input_of(name):
    if name == "t":
        return np.array([[3, 0, 2, 4, 1, 0], [1, 4, 4, 2, 0, 3]], dtype="int32")
    shape = (2, *OPEN.get(name, SHAPES[name]))
    x = numbers(shape, 1 + len(name) + sum(map(ord, name)) % 7).astype("float32")
    if name.startswith("mx"):
        x[0, 4:] = 0
        x[1, 1 if name == "mx" else 2] = 0
    return x


def record(line):
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model, names = build(line)
    weights = model.weights
    for k, variable in enumerate(weights):
        if "seed" not in variable.path and variable.dtype == "float32":
            variable.assign(weight(k, variable.shape, variable.path))
    xs = {name: input_of(name) for name in names}
    y = np.asarray(model([xs[name] for name in names] if len(names) > 1 else xs[names[0]], training=False))
    listed = model.get_weights()
    kept = [(list(w.shape), "variance" in v.path, str(w.dtype)) for w, v in zip(listed, weights)]
    return {
        "line": line,
        "model": json.loads(model.to_json()),
        "weights": kept,
        "inputs": names,
        "output": [list(model.output_shape)][0],
        "count": model.count_params(),
        "shape": list(y.shape),
        "y": [float(f"{v:.7g}") if np.isfinite(v) else str(v) for v in y.astype("float64").flatten().tolist()],
    }


def slim(node):
    """Without what no reader looks at."""
    if isinstance(node, dict):
        if node.get("class_name") == "DTypePolicy":
            return node["config"]["name"]
        gone = {"registered_name", "build_config", "seed", "seed_generator", "compile_config", "sparse", "ragged", "keras_version", "backend"}
        usual = {"dtype": "float32", "trainable": True}
        node = {key: slim(value) for key, value in node.items()}
        return {key: value for key, value in node.items() if key not in gone and not (key in usual and usual[key] == value) and not key.endswith(("_initializer", "_regularizer", "_constraint"))}
    return [slim(value) for value in node] if isinstance(node, list) else node


def parameters(node, found):
    """The names of the arguments that an operator's call takes."""
    if isinstance(node, dict):
        module, name = node.get("module"), node.get("class_name")
        if module and ".ops" in module and name not in found:
            own = inspect.signature(getattr(importlib.import_module(module), name).call).parameters
            if not any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in own.values()):
                found[name] = [p for p in own if p != "self"]
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        parameters(value, found)
    return found


def main():
    cases = []
    used = set()
    for line in LINES:
        try:
            cases.append(record(line))
            used.update(cases[-1]["inputs"])
        except Exception as error:
            print(f"{line}: {type(error).__name__} {str(error)[:300]}", file=sys.stderr)
    inputs = {name: {"shape": list(input_of(name).shape), "data": [float(v) for v in input_of(name).flatten()]} for name in SHAPES if name in used}
    lines = ",\n".join(json.dumps(slim(case), separators=(",", ":")) for case in cases)
    named = json.dumps(parameters([case["model"] for case in cases], {}), separators=(",", ":"))
    print(f'{{"keras":"{keras.__version__}","parameters":{named},"inputs":{json.dumps(inputs)},"cases":[\n{lines}\n]}}')


main()
