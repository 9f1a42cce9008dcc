/**
 * TensorFlow 2.15's own definitions of operations, one a line: name (! when stateful) | inputs | outputs | attributes.
 * Inputs and outputs: `name:dtype`, `name:T` (a type attribute), `name:N*T` (as many as N), `name:[Tin]` (one for each type
 * of a list). Attributes: `name:kind{choices}=default`. Written by tests/unit/graph/definitions.test.ts: to add an operation, add a
 * line with its name alone and run that test with DESCENT_UPDATE_DEFINITIONS=1.
 */
export const definitionTable = String.raw`
Abs | x:T | y:T | T:type{bfloat16,float16,float32,float64,int16,int32,int64,int8}
Acos | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Acosh | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Add | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,string,uint8}
AddN | inputs:N*T | sum:T | N:int T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,qint16,qint32,qint8,quint16,quint8,uint16,uint32,uint64,uint8,variant}
AddV2 | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint32,uint64,uint8}
AdjustContrastv2 | images:T contrast_factor:float32 | output:T | T:type{float16,float32}=float32
AdjustHue | images:T delta:float32 | output:T | T:type{float16,float32}=float32
AdjustSaturation | images:T scale:float32 | output:T | T:type{float16,float32}=float32
All | input:bool reduction_indices:Tidx | output:bool | keep_dims:bool=false Tidx:type{index}=int32
AnonymousMemoryCache! | | handle:resource deleter:variant |
AnonymousSeedGenerator! | seed:int64 seed2:int64 reshuffle:bool | handle:resource deleter:variant |
Any | input:bool reduction_indices:Tidx | output:bool | keep_dims:bool=false Tidx:type{index}=int32
ArgMax | input:T dimension:Tidx | output:output_type | T:type{bfloat16,bool,float16,float32,float64,int16,int32,int64,int8,qint16,qint32,qint8,quint16,quint8,uint16,uint32,uint64,uint8} Tidx:type{int16,int32,int64}=int32 output_type:type{int16,int32,int64,uint16}=int64
ArgMin | input:T dimension:Tidx | output:output_type | T:type{bfloat16,bool,float16,float32,float64,int16,int32,int64,int8,qint16,qint32,qint8,quint16,quint8,uint16,uint32,uint64,uint8} Tidx:type{index}=int32 output_type:type{index}=int64
AsString | input:T | output:string | T:type{bfloat16,bool,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8,variant} precision:int=-1 scientific:bool=false shortest:bool=false width:int=-1 fill:string=""
Asin | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Asinh | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Assert! | condition:bool data:[T] | | T:list(type) summarize:int=3
AssertCardinalityDataset | input_dataset:variant cardinality:int64 | handle:variant | output_types:list(type) output_shapes:list(shape)
AssignAddVariableOp! | resource:resource value:dtype | | dtype:type
AssignSubVariableOp! | resource:resource value:dtype | | dtype:type
AssignVariableOp! | resource:resource value:dtype | | dtype:type validate_shape:bool=false
Atan | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Atan2 | y:T x:T | z:T | T:type{floating}
Atanh | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
AvgPool | value:T | output:T | ksize:list(int) strides:list(int) padding:string{SAME,VALID} data_format:string{NHWC,NCHW}="NHWC" T:type{floating}
AvgPool3D | input:T | output:T | ksize:list(int) strides:list(int) padding:string{SAME,VALID} data_format:string{NDHWC,NCDHW}="NDHWC" T:type{floating}
AvgPool3DGrad | orig_input_shape:int32 grad:T | output:T | ksize:list(int) strides:list(int) padding:string{SAME,VALID} data_format:string{NDHWC,NCDHW}="NDHWC" T:type{floating}
AvgPoolGrad | orig_input_shape:int32 grad:T | output:T | ksize:list(int) strides:list(int) padding:string{SAME,VALID} data_format:string{NHWC,NCHW}="NHWC" T:type{floating}
BatchDatasetV2 | input_dataset:variant batch_size:int64 drop_remainder:bool | handle:variant | parallel_copy:bool=false output_types:list(type) output_shapes:list(shape) metadata:string=""
BatchMatMulV2 | x:T y:T | output:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,uint16,uint32,uint64,uint8} adj_x:bool=false adj_y:bool=false
BatchToSpaceND | input:T block_shape:Tblock_shape crops:Tcrops | output:T | T:type Tblock_shape:type{index}=int32 Tcrops:type{index}=int32
BiasAdd | value:T bias:T | output:T | T:type{number} data_format:string{NHWC,NCHW}="NHWC"
BiasAddGrad | out_backprop:T | output:T | T:type{number} data_format:string{NHWC,NCHW}="NHWC"
Bincount | arr:int32 size:int32 weights:T | bins:T | T:type{float32,float64,int32,int64}
Bitcast | input:T | output:type | T:type{number} type:type{number}
BitwiseAnd | x:T y:T | z:T | T:type{int16,int32,int64,int8,uint16,uint32,uint64,uint8}
BitwiseOr | x:T y:T | z:T | T:type{int16,int32,int64,int8,uint16,uint32,uint64,uint8}
BitwiseXor | x:T y:T | z:T | T:type{int16,int32,int64,int8,uint16,uint32,uint64,uint8}
BlockLSTM | seq_len_max:int64 x:T cs_prev:T h_prev:T w:T wci:T wcf:T wco:T b:T | i:T cs:T f:T o:T ci:T co:T h:T | forget_bias:float=1.0 cell_clip:float=3.0 use_peephole:bool=false T:type{float16,float32}
BlockLSTMGrad | seq_len_max:int64 x:T cs_prev:T h_prev:T w:T wci:T wcf:T wco:T b:T i:T cs:T f:T o:T ci:T co:T h:T cs_grad:T h_grad:T | x_grad:T cs_prev_grad:T h_prev_grad:T w_grad:T wci_grad:T wcf_grad:T wco_grad:T b_grad:T | use_peephole:bool T:type{float16,float32}
BlockLSTMGradV2 | seq_len_max:int64 x:T cs_prev:T h_prev:T w:T wci:T wcf:T wco:T b:T i:T cs:T f:T o:T ci:T co:T h:T cs_grad:T h_grad:T | x_grad:T cs_prev_grad:T h_prev_grad:T w_grad:T wci_grad:T wcf_grad:T wco_grad:T b_grad:T | use_peephole:bool T:type{float16,float32}
BlockLSTMV2 | seq_len_max:int64 x:T cs_prev:T h_prev:T w:T wci:T wcf:T wco:T b:T | i:T cs:T f:T o:T ci:T co:T h:T | cell_clip:float=0.0 use_peephole:bool=false T:type{float16,float32}
BroadcastArgs | s0:T s1:T | r0:T | T:type{index}=int32
BroadcastGradientArgs | s0:T s1:T | r0:T r1:T | T:type{index}=int32
BroadcastTo | input:T shape:Tidx | output:T | T:type Tidx:type{index}=int32
CacheDataset | input_dataset:variant filename:string | handle:variant | output_types:list(type) output_shapes:list(shape) metadata:string=""
CacheDatasetV2! | input_dataset:variant filename:string cache:resource | handle:variant | output_types:list(type) output_shapes:list(shape) metadata:string=""
Case! | branch_index:int32 input:[Tin] | output:[Tout] | Tin:list(type) Tout:list(type) branches:list(func) output_shapes:list(shape)=[]
Cast | x:SrcT | y:DstT | SrcT:type DstT:type Truncate:bool=false
Ceil | x:T | y:T | T:type{floating}
CheckNumerics! | tensor:T | output:T | T:type{floating} message:string
ClipByValue | t:T clip_value_min:T clip_value_max:T | output:T | T:type{number}
Complex | real:T imag:T | out:Tout | T:type{float32,float64}=float32 Tout:type{complex128,complex64}=complex64
ConcatOffset | concat_dim:int32 shape:N*shape_type | offset:N*shape_type | N:int shape_type:type{index}=int32
ConcatV2 | values:N*T axis:Tidx | output:T | N:int T:type Tidx:type{index}=int32
ConcatenateDataset | input_dataset:variant another_dataset:variant | handle:variant | output_types:list(type) output_shapes:list(shape) metadata:string=""
Const | | output:dtype | value:tensor dtype:type
Conv2D | input:T filter:T | output:T | T:type{bfloat16,float16,float32,float64,int32} strides:list(int) use_cudnn_on_gpu:bool=true padding:string{SAME,VALID,EXPLICIT} explicit_paddings:list(int)=[] data_format:string{NHWC,NCHW}="NHWC" dilations:list(int)=[1,1,1,1]
Conv2DBackpropFilter | input:T filter_sizes:int32 out_backprop:T | output:T | T:type{floating} strides:list(int) use_cudnn_on_gpu:bool=true padding:string{SAME,VALID,EXPLICIT} explicit_paddings:list(int)=[] data_format:string{NHWC,NCHW}="NHWC" dilations:list(int)=[1,1,1,1]
Conv2DBackpropInput | input_sizes:int32 filter:T out_backprop:T | output:T | T:type{bfloat16,float16,float32,float64,int32} strides:list(int) use_cudnn_on_gpu:bool=true padding:string{SAME,VALID,EXPLICIT} explicit_paddings:list(int)=[] data_format:string{NHWC,NCHW}="NHWC" dilations:list(int)=[1,1,1,1]
Conv3D | input:T filter:T | output:T | T:type{floating} strides:list(int) padding:string{SAME,VALID} data_format:string{NDHWC,NCDHW}="NDHWC" dilations:list(int)=[1,1,1,1,1]
Conv3DBackpropFilterV2 | input:T filter_sizes:int32 out_backprop:T | output:T | T:type{floating} strides:list(int) padding:string{SAME,VALID} data_format:string{NDHWC,NCDHW}="NDHWC" dilations:list(int)=[1,1,1,1,1]
Conv3DBackpropInputV2 | input_sizes:Tshape filter:T out_backprop:T | output:T | T:type{floating} strides:list(int) padding:string{SAME,VALID} data_format:string{NDHWC,NCDHW}="NDHWC" dilations:list(int)=[1,1,1,1,1] Tshape:type{index}=int32
Cos | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Cosh | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
CropAndResize | image:T boxes:float32 box_ind:int32 crop_size:int32 | crops:float32 | T:type{float16,float32,float64,int16,int32,int64,int8,uint16,uint8} method:string{bilinear,nearest}="bilinear" extrapolation_value:float=0.0
CropAndResizeGradBoxes | grads:float32 image:T boxes:float32 box_ind:int32 | output:float32 | T:type{float16,float32,float64,int16,int32,int64,int8,uint16,uint8} method:string{bilinear}="bilinear"
CropAndResizeGradImage | grads:float32 boxes:float32 box_ind:int32 image_size:int32 | output:T | T:type{float16,float32,float64} method:string{bilinear,nearest}="bilinear"
Cumprod | x:T axis:Tidx | out:T | exclusive:bool=false reverse:bool=false T:type{number} Tidx:type{index}=int32
Cumsum | x:T axis:Tidx | out:T | exclusive:bool=false reverse:bool=false T:type{number} Tidx:type{index}=int32
DatasetCardinality | input_dataset:variant | cardinality:int64 | cardinality_options:string=""
DecodeAndCropJpeg | contents:string crop_window:int32 | image:uint8 | channels:int=0 ratio:int=1 fancy_upscaling:bool=true try_recover_truncated:bool=false acceptable_fraction:float=1.0 dct_method:string=""
DecodeBmp | contents:string | image:uint8 | channels:int=0
DecodeCSV | records:string record_defaults:[OUT_TYPE] | output:[OUT_TYPE] | OUT_TYPE:list(type) field_delim:string="," use_quote_delim:bool=true na_value:string="" select_cols:list(int)=[]
DecodeGif | contents:string | image:uint8 |
DecodeImage | contents:string | image:dtype | channels:int=0 dtype:type{float32,uint16,uint8}=uint8 expand_animations:bool=true
DecodeJpeg | contents:string | image:uint8 | channels:int=0 ratio:int=1 fancy_upscaling:bool=true try_recover_truncated:bool=false acceptable_fraction:float=1.0 dct_method:string=""
DecodePaddedRaw | input_bytes:string fixed_length:int32 | output:out_type | out_type:type{bfloat16,float16,float32,float64,int16,int32,int64,int8,uint16,uint8} little_endian:bool=true
DecodePng | contents:string | image:dtype | channels:int=0 dtype:type{uint16,uint8}=uint8
DecodeRaw | bytes:string | output:out_type | out_type:type{bfloat16,bool,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint8} little_endian:bool=true
DeepCopy! | x:T | y:T | T:type
DenseBincount | input:Tidx size:Tidx weights:T | output:T | Tidx:type{index} T:type{float32,float64,int32,int64} binary_output:bool=false
DepthToSpace | input:T | output:T | T:type block_size:int data_format:string{NHWC,NCHW,NCHW_VECT_C}="NHWC"
DepthwiseConv2dNative | input:T filter:T | output:T | T:type{floating} strides:list(int) padding:string{SAME,VALID,EXPLICIT} explicit_paddings:list(int)=[] data_format:string{NHWC,NCHW}="NHWC" dilations:list(int)=[1,1,1,1]
DepthwiseConv2dNativeBackpropFilter | input:T filter_sizes:int32 out_backprop:T | output:T | T:type{floating} strides:list(int) padding:string{SAME,VALID,EXPLICIT} explicit_paddings:list(int)=[] data_format:string{NHWC,NCHW}="NHWC" dilations:list(int)=[1,1,1,1]
DepthwiseConv2dNativeBackpropInput | input_sizes:int32 filter:T out_backprop:T | output:T | T:type{floating} strides:list(int) padding:string{SAME,VALID,EXPLICIT} explicit_paddings:list(int)=[] data_format:string{NHWC,NCHW}="NHWC" dilations:list(int)=[1,1,1,1]
Dequantize | input:T min_range:float32 max_range:float32 | output:dtype | T:type{qint16,qint32,qint8,quint16,quint8} mode:string{MIN_COMBINED,MIN_FIRST,SCALED}="MIN_COMBINED" narrow_range:bool=false axis:int=-1 dtype:type{bfloat16,float32}=float32
DeserializeIterator! | resource_handle:resource serialized:variant | |
Dilation2D | input:T filter:T | output:T | T:type{real} strides:list(int) rates:list(int) padding:string{SAME,VALID}
Div | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint32,uint64,uint8}
DivNoNan | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
DummyMemoryCache! | | handle:resource |
DummySeedGenerator! | | handle:resource |
Einsum | inputs:N*T | output:T | equation:string N:int T:type
Elu | features:T | activations:T | T:type{floating}
EluGrad | gradients:T outputs:T | backprops:T | T:type{floating}
Empty! | shape:int32 | output:dtype | dtype:type init:bool=false
EmptyTensorList | element_shape:shape_type max_num_elements:int32 | handle:variant | element_dtype:type shape_type:type{index}
EncodeJpeg | image:uint8 | contents:string | format:string{,grayscale,rgb}="" quality:int=95 progressive:bool=false optimize_size:bool=false chroma_downsampling:bool=true density_unit:string{in,cm}="in" x_density:int=300 y_density:int=300 xmp_metadata:string=""
EncodePng | image:T | contents:string | compression:int=-1 T:type{uint16,uint8}=uint8
EnsureShape | input:T | output:T | shape:shape T:type
Equal | x:T y:T | z:bool | T:type incompatible_shape_error:bool=true
Erf | x:T | y:T | T:type{floating}
Erfc | x:T | y:T | T:type{floating}
EuclideanNorm | input:T reduction_indices:Tidx | output:T | keep_dims:bool=false T:type{number} Tidx:type{index}=int32
Exp | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
ExpandDims | input:T dim:Tdim | output:T | T:type Tdim:type{index}=int32
Expm1 | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
ExtractImagePatches | images:T | patches:T | ksizes:list(int) strides:list(int) rates:list(int) T:type{bfloat16,bool,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint32,uint64,uint8} padding:string{SAME,VALID}
ExtractJpegShape | contents:string | image_shape:output_type | output_type:type{index}=int32
FFT | input:Tcomplex | output:Tcomplex | Tcomplex:type{complex128,complex64}=complex64
FakeQuantWithMinMaxArgs | inputs:float32 | outputs:float32 | min:float=-6.0 max:float=6.0 num_bits:int=8 narrow_range:bool=false
FakeQuantWithMinMaxVars | inputs:float32 min:float32 max:float32 | outputs:float32 | num_bits:int=8 narrow_range:bool=false
FakeQuantWithMinMaxVarsPerChannel | inputs:float32 min:float32 max:float32 | outputs:float32 | num_bits:int=8 narrow_range:bool=false
Fill | dims:index_type value:T | output:T | T:type index_type:type{index}=int32
FilterDataset | input_dataset:variant other_arguments:[Targuments] | handle:variant | predicate:func Targuments:list(type) output_types:list(type) output_shapes:list(shape) metadata:string=""
FinalizeDataset | input_dataset:variant | handle:variant | has_captured_ref:bool=false output_types:list(type) output_shapes:list(shape)
FixedLengthRecordDatasetV2! | filenames:string header_bytes:int64 record_bytes:int64 footer_bytes:int64 buffer_size:int64 compression_type:string | handle:variant | metadata:string=""
FlatMapDataset | input_dataset:variant other_arguments:[Targuments] | handle:variant | f:func Targuments:list(type) output_types:list(type) output_shapes:list(shape) metadata:string=""
Floor | x:T | y:T | T:type{floating}
FloorDiv | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint32,uint64,uint8}
FloorMod | x:T y:T | z:T | T:type{real}
FusedBatchNormGradV3 | y_backprop:T x:T scale:float32 reserve_space_1:U reserve_space_2:U reserve_space_3:U | x_backprop:T scale_backprop:U offset_backprop:U reserve_space_4:U reserve_space_5:U | T:type{bfloat16,float16,float32} U:type{float32} epsilon:float=9.9999997e-05 data_format:string{NHWC,NCHW,NDHWC,NCDHW}="NHWC" is_training:bool=true
FusedBatchNormV3 | x:T scale:U offset:U mean:U variance:U | y:T batch_mean:U batch_variance:U reserve_space_1:U reserve_space_2:U reserve_space_3:U | T:type{bfloat16,float16,float32} U:type{bfloat16,float32} epsilon:float=9.9999997e-05 exponential_avg_factor:float=1.0 data_format:string{NHWC,NCHW,NDHWC,NCDHW}="NHWC" is_training:bool=true
GRUBlockCell | x:T h_prev:T w_ru:T w_c:T b_ru:T b_c:T | r:T u:T c:T h:T | T:type{float32}
GRUBlockCellGrad | x:T h_prev:T w_ru:T w_c:T b_ru:T b_c:T r:T u:T c:T d_h:T | d_x:T d_h_prev:T d_c_bar:T d_r_bar_u_bar:T | T:type{float32}
Gather | params:Tparams indices:Tindices | output:Tparams | validate_indices:bool=true Tparams:type Tindices:type{index}
GatherNd | params:Tparams indices:Tindices | output:Tparams | Tparams:type Tindices:type{int16,int32,int64}
GatherV2 | params:Tparams indices:Tindices axis:Taxis | output:Tparams | batch_dims:int=0 Tparams:type Tindices:type{int16,int32,int64} Taxis:type{index}
Greater | x:T y:T | z:bool | T:type{real}
GreaterEqual | x:T y:T | z:bool | T:type{real}
HSVToRGB | images:T | output:T | T:type{floating}=float32
HashTableV2! | | table_handle:resource | container:string="" shared_name:string="" use_node_name_sharing:bool=false key_dtype:type value_dtype:type
HistogramFixedWidth | values:T value_range:T nbins:int32 | out:dtype | T:type{float32,float64,int32,int64} dtype:type{index}=int32
IRFFT | input:Tcomplex fft_length:int32 | output:Treal | Treal:type{float32,float64}=float32 Tcomplex:type{complex128,complex64}=complex64
Identity | input:T | output:T | T:type
IdentityN | input:[T] | output:[T] | T:list(type)
If! | cond:Tcond input:[Tin] | output:[Tout] | Tcond:type Tin:list(type) Tout:list(type) then_branch:func else_branch:func output_shapes:list(shape)=[]
IgnoreErrorsDataset | input_dataset:variant | handle:variant | output_types:list(type) output_shapes:list(shape) log_warning:bool=false
Imag | input:T | output:Tout | T:type{complex128,complex64}=complex64 Tout:type{float32,float64}=float32
ImageProjectiveTransformV3 | images:dtype transforms:float32 output_shape:int32 fill_value:float32 | transformed_images:dtype | dtype:type{float16,float32,float64,int32,int64,uint8} interpolation:string fill_mode:string="CONSTANT"
InTopKV2 | predictions:float32 targets:T k:T | precision:bool | T:type{index}=int32
InitializeTableFromTextFileV2! | table_handle:resource filename:string | | key_index:int value_index:int vocab_size:int=-1 delimiter:string="\t" offset:int=0
InterleaveDataset | input_dataset:variant other_arguments:[Targuments] cycle_length:int64 block_length:int64 | handle:variant | f:func Targuments:list(type) output_types:list(type) output_shapes:list(shape) metadata:string=""
InvertPermutation | x:T | y:T | T:type{index}=int32
IsFinite | x:T | y:bool | T:type{floating}
IsInf | x:T | y:bool | T:type{floating}
IsNan | x:T | y:bool | T:type{floating}
IteratorGetNext! | iterator:resource | components:[output_types] | output_types:list(type) output_shapes:list(shape)
IteratorGetNextAsOptional! | iterator:resource | optional:variant | output_types:list(type) output_shapes:list(shape)
IteratorGetNextSync! | iterator:resource | components:[output_types] | output_types:list(type) output_shapes:list(shape)
IteratorV2! | | handle:resource | shared_name:string container:string output_types:list(type) output_shapes:list(shape)
L2Loss | t:T | output:T | T:type{floating}
LRN | input:T | output:T | depth_radius:int=5 bias:float=1.0 alpha:float=1.0 beta:float=0.5 T:type{bfloat16,float16,float32}=float32
LRNGrad | input_grads:T input_image:T output_image:T | output:T | depth_radius:int=5 bias:float=1.0 alpha:float=1.0 beta:float=0.5 T:type{bfloat16,float16,float32}=float32
LSTMBlockCell | x:T cs_prev:T h_prev:T w:T wci:T wcf:T wco:T b:T | i:T cs:T f:T o:T ci:T co:T h:T | forget_bias:float=1.0 cell_clip:float=3.0 use_peephole:bool=false T:type{float16,float32}
LSTMBlockCellGrad | x:T cs_prev:T h_prev:T w:T wci:T wcf:T wco:T b:T i:T cs:T f:T o:T ci:T co:T cs_grad:T h_grad:T | cs_prev_grad:T dicfo:T wci_grad:T wcf_grad:T wco_grad:T | use_peephole:bool T:type{float16,float32}
LeakyRelu | features:T | activations:T | alpha:float=0.20000000298 T:type{floating}=float32
LeakyReluGrad | gradients:T features:T | backprops:T | alpha:float=0.20000000298 T:type{floating}=float32
LeftShift | x:T y:T | z:T | T:type{int16,int32,int64,int8,uint16,uint32,uint64,uint8}
Less | x:T y:T | z:bool | T:type{real}
LessEqual | x:T y:T | z:bool | T:type{real}
Lgamma | x:T | y:T | T:type{floating}
LinSpace | start:T stop:T num:Tidx | output:T | T:type{floating} Tidx:type{index}=int32
LoadDataset! | path:string reader_func_other_args:[Treader_func_args] | handle:variant | output_types:list(type) output_shapes:list(shape) compression:string="" reader_func:func Treader_func_args:list(type)
Log | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Log1p | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
LogSoftmax | logits:T | logsoftmax:T | T:type{floating}
LogicalAnd | x:bool y:bool | z:bool |
LogicalNot | x:bool | y:bool |
LogicalOr | x:bool y:bool | z:bool |
LookupTableExportV2! | table_handle:resource | keys:Tkeys values:Tvalues | Tkeys:type Tvalues:type
LookupTableFindV2! | table_handle:resource keys:Tin default_value:Tout | values:Tout | Tin:type Tout:type
LookupTableImportV2! | table_handle:resource keys:Tin values:Tout | | Tin:type Tout:type
LookupTableSizeV2! | table_handle:resource | size:int64 |
LowerBound | sorted_inputs:T values:T | output:out_type | T:type out_type:type{index}=int32
MakeIterator! | dataset:variant iterator:resource | |
MapAndBatchDataset | input_dataset:variant other_arguments:[Targuments] batch_size:int64 num_parallel_calls:int64 drop_remainder:bool | handle:variant | f:func Targuments:list(type) output_types:list(type) output_shapes:list(shape) preserve_cardinality:bool=false metadata:string=""
MapDataset | input_dataset:variant other_arguments:[Targuments] | handle:variant | f:func Targuments:list(type) output_types:list(type) output_shapes:list(shape) use_inter_op_parallelism:bool=true preserve_cardinality:bool=false metadata:string=""
MatMul | a:T b:T | product:T | transpose_a:bool=false transpose_b:bool=false T:type{bfloat16,complex128,complex64,float16,float32,float64,int32,int64,uint16,uint32,uint64,uint8}
MatrixBandPart | input:T num_lower:Tindex num_upper:Tindex | band:T | T:type Tindex:type{index}=int64
MatrixDiagPartV3 | input:T k:int32 padding_value:T | diagonal:T | T:type align:string{LEFT_RIGHT,RIGHT_LEFT,LEFT_LEFT,RIGHT_RIGHT}="RIGHT_LEFT"
MatrixDiagV3 | diagonal:T k:int32 num_rows:int32 num_cols:int32 padding_value:T | output:T | T:type align:string{LEFT_RIGHT,RIGHT_LEFT,LEFT_LEFT,RIGHT_RIGHT}="RIGHT_LEFT"
Max | input:T reduction_indices:Tidx | output:T | keep_dims:bool=false T:type{bfloat16,float16,float32,float64,int16,int32,int64,int8,qint16,qint32,qint8,quint16,quint8,uint16,uint32,uint64,uint8} Tidx:type{index}=int32
MaxIntraOpParallelismDataset | input_dataset:variant max_intra_op_parallelism:int64 | handle:variant | output_types:list(type) output_shapes:list(shape)
MaxPool | input:T | output:T | T:type{bfloat16,float16,float32,float64,int16,int32,int64,int8,qint8,uint16,uint8}=float32 ksize:list(int) strides:list(int) padding:string{SAME,VALID,EXPLICIT} explicit_paddings:list(int)=[] data_format:string{NHWC,NCHW,NCHW_VECT_C}="NHWC"
MaxPool3D | input:T | output:T | ksize:list(int) strides:list(int) padding:string{SAME,VALID} data_format:string{NDHWC,NCDHW}="NDHWC" T:type{bfloat16,float16,float32}
MaxPool3DGrad | orig_input:TInput orig_output:TInput grad:T | output:T | ksize:list(int) strides:list(int) padding:string{SAME,VALID} data_format:string{NDHWC,NCDHW}="NDHWC" T:type{bfloat16,float16,float32}=float32 TInput:type{bfloat16,float16,float32}=float32
MaxPoolGrad | orig_input:T orig_output:T grad:T | output:T | ksize:list(int) strides:list(int) padding:string{SAME,VALID,EXPLICIT} explicit_paddings:list(int)=[] data_format:string{NHWC,NCHW}="NHWC" T:type{real}=float32
MaxPoolGradGrad | orig_input:T orig_output:T grad:T | output:T | ksize:list(int) strides:list(int) padding:string{SAME,VALID} data_format:string{NHWC,NCHW}="NHWC" T:type{real}
MaxPoolWithArgmax | input:T | output:T argmax:Targmax | ksize:list(int) strides:list(int) Targmax:type{index}=int64 padding:string{SAME,VALID} include_batch_in_index:bool=false T:type{real}
Maximum | x:T y:T | z:T | T:type{real}
Mean | input:T reduction_indices:Tidx | output:T | keep_dims:bool=false T:type{number} Tidx:type{index}=int32
Merge | inputs:N*T | output:T value_index:int32 | T:type N:int
MergeV2Checkpoints! | checkpoint_prefixes:string destination_prefix:string | | delete_old_dirs:bool=true allow_missing_files:bool=false
Min | input:T reduction_indices:Tidx | output:T | keep_dims:bool=false T:type{bfloat16,float16,float32,float64,int16,int32,int64,int8,qint16,qint32,qint8,quint16,quint8,uint16,uint32,uint64,uint8} Tidx:type{index}=int32
Minimum | x:T y:T | z:T | T:type{real}
MirrorPad | input:T paddings:Tpaddings | output:T | T:type Tpaddings:type{index}=int32 mode:string{REFLECT,SYMMETRIC}
MirrorPadGrad | input:T paddings:Tpaddings | output:T | T:type Tpaddings:type{index}=int32 mode:string{REFLECT,SYMMETRIC}
Mod | x:T y:T | z:T | T:type{bfloat16,float16,float32,float64,int32,int64}
ModelDataset | input_dataset:variant | handle:variant | algorithm:int=0 cpu_budget:int=0 ram_budget:int=0 output_types:list(type) output_shapes:list(shape)
Mul | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint32,uint64,uint8}
MulNoNan | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Multinomial! | logits:T num_samples:int32 | output:output_dtype | seed:int=0 seed2:int=0 T:type{real} output_dtype:type{index}=int64
Neg | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8}
NoOp | | |
NonMaxSuppressionV3 | boxes:T scores:T max_output_size:int32 iou_threshold:T_threshold score_threshold:T_threshold | selected_indices:int32 | T:type{float16,float32}=float32 T_threshold:type{float16,float32}=float32
NonMaxSuppressionV4 | boxes:T scores:T max_output_size:int32 iou_threshold:T_threshold score_threshold:T_threshold | selected_indices:int32 valid_outputs:int32 | T:type{float16,float32}=float32 T_threshold:type{float16,float32}=float32 pad_to_max_output_size:bool=false
NonMaxSuppressionV5 | boxes:T scores:T max_output_size:int32 iou_threshold:T score_threshold:T soft_nms_sigma:T | selected_indices:int32 selected_scores:T valid_outputs:int32 | T:type{float16,float32}=float32 pad_to_max_output_size:bool=false
NotEqual | x:T y:T | z:bool | T:type incompatible_shape_error:bool=true
OneHot | indices:TI depth:int32 on_value:T off_value:T | output:T | axis:int=-1 T:type TI:type{int32,int64,int8,uint8}=int64
OneShotIterator! | | handle:resource | dataset_factory:func output_types:list(type) output_shapes:list(shape) container:string="" shared_name:string=""
OnesLike | x:T | y:T | T:type{bfloat16,bool,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint32,uint64,uint8}
OptimizeDatasetV2 | input_dataset:variant optimizations_enabled:string optimizations_disabled:string optimizations_default:string | handle:variant | output_types:list(type) output_shapes:list(shape) optimization_configs:list(string)=[]
OptionalGetValue | optional:variant | components:[output_types] | output_types:list(type) output_shapes:list(shape)
OptionalHasValue | optional:variant | has_value:bool |
OptionsDataset | input_dataset:variant | handle:variant | serialized_options:string output_types:list(type) output_shapes:list(shape) metadata:string=""
Pack | values:N*T | output:T | N:int T:type axis:int=0
Pad | input:T paddings:Tpaddings | output:T | T:type Tpaddings:type{index}=int32
PadV2 | input:T paddings:Tpaddings constant_values:T | output:T | T:type Tpaddings:type{index}=int32
PaddedBatchDatasetV2 | input_dataset:variant batch_size:int64 padded_shapes:N*int64 padding_values:[Toutput_types] drop_remainder:bool | handle:variant | parallel_copy:bool=false Toutput_types:list(type) output_shapes:list(shape) N:int metadata:string=""
ParallelBatchDataset | input_dataset:variant batch_size:int64 num_parallel_calls:int64 drop_remainder:bool | handle:variant | parallel_copy:bool=false output_types:list(type) output_shapes:list(shape) deterministic:string="default" metadata:string=""
ParallelInterleaveDatasetV4 | input_dataset:variant other_arguments:[Targuments] cycle_length:int64 block_length:int64 buffer_output_elements:int64 prefetch_input_elements:int64 num_parallel_calls:int64 | handle:variant | f:func deterministic:string="default" Targuments:list(type) output_types:list(type) output_shapes:list(shape) metadata:string=""
ParallelMapDatasetV2 | input_dataset:variant other_arguments:[Targuments] num_parallel_calls:int64 | handle:variant | f:func Targuments:list(type) output_types:list(type) output_shapes:list(shape) use_inter_op_parallelism:bool=true deterministic:string="default" preserve_cardinality:bool=false metadata:string=""
ParseTensor | serialized:string | output:out_type | out_type:type
PartitionedCall | args:[Tin] | output:[Tout] | Tin:list(type) Tout:list(type) f:func config:string="" config_proto:string="" executor_type:string=""
Placeholder | | output:dtype | dtype:type shape:shape=?
PlaceholderWithDefault | input:dtype | output:dtype | dtype:type shape:shape
Pow | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8}
PrefetchDataset | input_dataset:variant buffer_size:int64 | handle:variant | output_types:list(type) output_shapes:list(shape) slack_period:int=0 legacy_autotune:bool=true buffer_size_min:int=0 metadata:string=""
PreventGradient | input:T | output:T | T:type message:string=""
PrintV2! | input:string | | output_stream:string="stderr" end:string="\n"
PrivateThreadPoolDataset | input_dataset:variant num_threads:int64 | handle:variant | output_types:list(type) output_shapes:list(shape)
Prod | input:T reduction_indices:Tidx | output:T | keep_dims:bool=false T:type{number} Tidx:type{index}=int32
QuantizeV2 | input:float32 min_range:float32 max_range:float32 | output:T output_min:float32 output_max:float32 | T:type{qint16,qint32,qint8,quint16,quint8} mode:string{MIN_COMBINED,MIN_FIRST,SCALED}="MIN_COMBINED" round_mode:string{HALF_AWAY_FROM_ZERO,HALF_TO_EVEN}="HALF_AWAY_FROM_ZERO" narrow_range:bool=false axis:int=-1 ensure_minimum_range:float=0.009999999776
RFFT | input:Treal fft_length:int32 | output:Tcomplex | Treal:type{float32,float64}=float32 Tcomplex:type{complex128,complex64}=complex64
RGBToHSV | images:T | output:T | T:type{floating}=float32
RandomShuffle! | value:T | output:T | seed:int=0 seed2:int=0 T:type
RandomStandardNormal! | shape:T | output:dtype | seed:int=0 seed2:int=0 dtype:type{floating} T:type{index}
RandomUniform! | shape:T | output:dtype | seed:int=0 seed2:int=0 dtype:type{floating} T:type{index}
RandomUniformInt! | shape:T minval:Tout maxval:Tout | output:Tout | seed:int=0 seed2:int=0 Tout:type{index} T:type{index}
Range | start:Tidx limit:Tidx delta:Tidx | output:Tidx | Tidx:type{bfloat16,float16,float32,float64,int16,int32,int64,int8,uint16,uint32}=int32
RangeDataset! | start:int64 stop:int64 step:int64 | handle:variant | output_types:list(type) output_shapes:list(shape) metadata:string="" replicate_on_split:bool=false
Rank | input:T | output:int32 | T:type
ReadFile | filename:string | contents:string |
ReadVariableOp! | resource:resource | value:dtype | dtype:type
Real | input:T | output:Tout | T:type{complex128,complex64}=complex64 Tout:type{float32,float64}=float32
RealDiv | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint32,uint64,uint8}
Reciprocal | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8}
ReciprocalGrad | y:T dy:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
RegexFullMatch | input:string pattern:string | output:bool |
RegexReplace | input:string pattern:string rewrite:string | output:string | replace_global:bool=true
Relu | features:T | activations:T | T:type{bfloat16,float16,float32,float64,int16,int32,int64,int8,qint8,uint16,uint32,uint64,uint8}
Relu6 | features:T | activations:T | T:type{real}
Relu6Grad | gradients:T features:T | backprops:T | T:type{real}
ReluGrad | gradients:T features:T | backprops:T | T:type{real}
RepeatDataset | input_dataset:variant count:int64 | handle:variant | output_types:list(type) output_shapes:list(shape) metadata:string=""
Reshape | tensor:T shape:Tshape | output:T | T:type Tshape:type{index}=int32
ResizeArea | images:T size:int32 | resized_images:float32 | T:type{bfloat16,float16,float32,float64,int16,int32,int64,int8,uint16,uint8} align_corners:bool=false
ResizeBicubic | images:T size:int32 | resized_images:float32 | T:type{bfloat16,float16,float32,float64,int16,int32,int64,int8,uint16,uint8} align_corners:bool=false half_pixel_centers:bool=false
ResizeBilinear | images:T size:int32 | resized_images:float32 | T:type{bfloat16,float16,float32,float64,int16,int32,int64,int8,uint16,uint8} align_corners:bool=false half_pixel_centers:bool=false
ResizeBilinearGrad | grads:float32 original_image:T | output:T | T:type{floating} align_corners:bool=false half_pixel_centers:bool=false
ResizeNearestNeighbor | images:T size:int32 | resized_images:T | T:type{bfloat16,float16,float32,float64,int16,int32,int64,int8,uint16,uint8} align_corners:bool=false half_pixel_centers:bool=false
ResizeNearestNeighborGrad | grads:T size:int32 | output:T | T:type{bfloat16,float16,float32,float64,int32,int8,uint8} align_corners:bool=false half_pixel_centers:bool=false
ResourceApplyAdaMax! | var:resource m:resource v:resource beta1_power:T lr:T beta1:T beta2:T epsilon:T grad:T | | T:type{number} use_locking:bool=false
ResourceApplyAdadelta! | var:resource accum:resource accum_update:resource lr:T rho:T epsilon:T grad:T | | T:type{number} use_locking:bool=false
ResourceApplyAdagrad! | var:resource accum:resource lr:T grad:T | | T:type{number} use_locking:bool=false update_slots:bool=true
ResourceApplyAdagradV2! | var:resource accum:resource lr:T epsilon:T grad:T | | T:type{number} use_locking:bool=false update_slots:bool=true
ResourceApplyAdam! | var:resource m:resource v:resource beta1_power:T beta2_power:T lr:T beta1:T beta2:T epsilon:T grad:T | | T:type{number} use_locking:bool=false use_nesterov:bool=false
ResourceApplyAdamWithAmsgrad! | var:resource m:resource v:resource vhat:resource beta1_power:T beta2_power:T lr:T beta1:T beta2:T epsilon:T grad:T | | T:type{number} use_locking:bool=false
ResourceApplyCenteredRMSProp! | var:resource mg:resource ms:resource mom:resource lr:T rho:T momentum:T epsilon:T grad:T | | T:type{number} use_locking:bool=false
ResourceApplyFtrlV2! | var:resource accum:resource linear:resource grad:T lr:T l1:T l2:T l2_shrinkage:T lr_power:T | | T:type{number} use_locking:bool=false multiply_linear_by_lr:bool=false
ResourceApplyGradientDescent! | var:resource alpha:T delta:T | | T:type{number} use_locking:bool=false
ResourceApplyKerasMomentum! | var:resource accum:resource lr:T grad:T momentum:T | | T:type{number} use_locking:bool=false use_nesterov:bool=false
ResourceApplyMomentum! | var:resource accum:resource lr:T grad:T momentum:T | | T:type{number} use_locking:bool=false use_nesterov:bool=false
ResourceApplyRMSProp! | var:resource ms:resource mom:resource lr:T rho:T momentum:T epsilon:T grad:T | | T:type{number} use_locking:bool=false
ResourceGather! | resource:resource indices:Tindices | output:dtype | batch_dims:int=0 validate_indices:bool=true dtype:type Tindices:type{index}
ResourceScatterAdd! | resource:resource indices:Tindices updates:dtype | | dtype:type{number} Tindices:type{index}
ResourceScatterSub! | resource:resource indices:Tindices updates:dtype | | dtype:type{number} Tindices:type{index}
ResourceScatterUpdate! | resource:resource indices:Tindices updates:dtype | | dtype:type Tindices:type{index}
ResourceSparseApplyAdagradV2! | var:resource accum:resource lr:T epsilon:T grad:T indices:Tindices | | T:type{number} Tindices:type{index} use_locking:bool=false update_slots:bool=true
ResourceSparseApplyKerasMomentum! | var:resource accum:resource lr:T grad:T indices:Tindices momentum:T | | T:type{number} Tindices:type{index} use_locking:bool=false use_nesterov:bool=false
ResourceSparseApplyMomentum! | var:resource accum:resource lr:T grad:T indices:Tindices momentum:T | | T:type{number} Tindices:type{index} use_locking:bool=false use_nesterov:bool=false
ResourceSparseApplyRMSProp! | var:resource ms:resource mom:resource lr:T rho:T momentum:T epsilon:T grad:T indices:Tindices | | T:type{number} Tindices:type{index} use_locking:bool=false
RestoreV2! | prefix:string tensor_names:string shape_and_slices:string | tensors:[dtypes] | dtypes:list(type)
ReverseV2 | tensor:T axis:Tidx | output:T | Tidx:type{index}=int32 T:type{bfloat16,bool,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,string,uint16,uint32,uint64,uint8}
RightShift | x:T y:T | z:T | T:type{int16,int32,int64,int8,uint16,uint32,uint64,uint8}
Rint | x:T | y:T | T:type{floating}
Roll | input:T shift:Tshift axis:Taxis | output:T | T:type Tshift:type{index} Taxis:type{index}
Round | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8}
Rsqrt | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
RsqrtGrad | y:T dy:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
SaveDatasetV2! | input_dataset:variant path:string shard_func_other_args:[Tshard_func_args] | handle:variant | compression:string="" shard_func:func use_shard_func:bool=true Tshard_func_args:list(type) output_types:list(type) output_shapes:list(shape)
SaveV2! | prefix:string tensor_names:string shape_and_slices:string tensors:[dtypes] | | dtypes:list(type)
ScatterNd | indices:Tindices updates:T shape:Tindices | output:T | T:type Tindices:type{int16,int32,int64}
SegmentMean | data:T segment_ids:Tindices | output:T | T:type{number} Tindices:type{index}
SegmentSum | data:T segment_ids:Tindices | output:T | T:type{number} Tindices:type{index}
Select | condition:bool t:T e:T | output:T | T:type
SelectV2 | condition:bool t:T e:T | output:T | T:type
Selu | features:T | activations:T | T:type{floating}
SeluGrad | gradients:T outputs:T | backprops:T | T:type{floating}
SerializeIterator! | resource_handle:resource | serialized:variant | external_state_policy:int=0
SerializeTensor | tensor:T | serialized:string | T:type
Shape | input:T | output:out_type | T:type out_type:type{index}=int32
ShapeN | input:N*T | output:N*out_type | N:int T:type out_type:type{index}=int32
ShardDataset | input_dataset:variant num_shards:int64 index:int64 | handle:variant | require_non_empty:bool=false output_types:list(type) output_shapes:list(shape) metadata:string=""
ShardedFilename | basename:string shard:int32 num_shards:int32 | filename:string |
ShuffleAndRepeatDatasetV2! | input_dataset:variant buffer_size:int64 seed:int64 seed2:int64 count:int64 seed_generator:resource | handle:variant | reshuffle_each_iteration:bool=true output_types:list(type) output_shapes:list(shape) metadata:string=""
ShuffleDatasetV3! | input_dataset:variant buffer_size:int64 seed:int64 seed2:int64 seed_generator:resource | handle:variant | reshuffle_each_iteration:bool=true output_types:list(type) output_shapes:list(shape) metadata:string=""
Sigmoid | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
SigmoidGrad | y:T dy:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Sign | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8}
Sin | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Sinh | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Size | input:T | output:out_type | T:type out_type:type{index}=int32
SkipDataset | input_dataset:variant count:int64 | handle:variant | output_types:list(type) output_shapes:list(shape) metadata:string=""
Slice | input:T begin:Index size:Index | output:T | T:type Index:type{index}
Snapshot | input:T | output:T | T:type
Softmax | logits:T | softmax:T | T:type{floating}
SoftmaxCrossEntropyWithLogits | features:T labels:T | loss:T backprop:T | T:type{floating}
Softplus | features:T | activations:T | T:type{floating}
SoftplusGrad | gradients:T features:T | backprops:T | T:type{floating}
Softsign | features:T | activations:T | T:type{floating}
SoftsignGrad | gradients:T features:T | backprops:T | T:type{floating}
SpaceToBatchND | input:T block_shape:Tblock_shape paddings:Tpaddings | output:T | T:type Tblock_shape:type{index}=int32 Tpaddings:type{index}=int32
SpaceToDepth | input:T | output:T | T:type block_size:int data_format:string{NHWC,NCHW,NCHW_VECT_C}="NHWC"
SparseSoftmaxCrossEntropyWithLogits | features:T labels:Tlabels | loss:T backprop:T | T:type{floating} Tlabels:type{index}=int64
SparseToDense | sparse_indices:Tindices output_shape:Tindices sparse_values:T default_value:T | dense:T | validate_indices:bool=true T:type Tindices:type{index}
Split | split_dim:int32 value:T | output:num_split*T | num_split:int T:type
SplitV | value:T size_splits:Tlen split_dim:int32 | output:num_split*T | num_split:int T:type Tlen:type{int32,int64,int8}=int64
Sqrt | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
SqrtGrad | y:T dy:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Square | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint32,uint64,uint8}
SquaredDifference | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int32,int64}
Squeeze | input:T | output:T | T:type squeeze_dims:list(int)=[]
StatefulPartitionedCall! | args:[Tin] | output:[Tout] | Tin:list(type) Tout:list(type) f:func config:string="" config_proto:string="" executor_type:string=""
StatelessIf | cond:Tcond input:[Tin] | output:[Tout] | Tcond:type Tin:list(type) Tout:list(type) then_branch:func else_branch:func output_shapes:list(shape)=[]
StatelessMultinomial | logits:T num_samples:int32 seed:Tseed | output:output_dtype | T:type{real} Tseed:type{index}=int64 output_dtype:type{index}=int64
StatelessRandomGetAlg! | | alg:int32 |
StatelessRandomGetKeyCounter | seed:Tseed | key:uint64 counter:uint64 | Tseed:type{index}=int64
StatelessRandomNormal | shape:T seed:Tseed | output:dtype | dtype:type{floating}=float32 T:type{index}=int32 Tseed:type{index}=int64
StatelessRandomNormalV2 | shape:Tshape key:uint64 counter:uint64 alg:int32 | output:dtype | dtype:type{floating}=float32 Tshape:type{index}=int32
StatelessRandomUniform | shape:T seed:Tseed | output:dtype | dtype:type{floating}=float32 T:type{index}=int32 Tseed:type{index}=int64
StatelessRandomUniformFullInt | shape:T seed:Tseed | output:dtype | dtype:type{int32,int64,uint32,uint64}=uint64 T:type{index}=int32 Tseed:type{int32,int64,uint32,uint64}=int64
StatelessRandomUniformFullIntV2 | shape:Tshape key:uint64 counter:uint64 alg:int32 | output:dtype | dtype:type{int32,int64,uint32,uint64}=uint64 Tshape:type{index}=int32
StatelessRandomUniformInt | shape:T seed:Tseed minval:dtype maxval:dtype | output:dtype | dtype:type{index} T:type{index} Tseed:type{index}=int64
StatelessRandomUniformIntV2 | shape:Tshape key:uint64 counter:uint64 alg:int32 minval:dtype maxval:dtype | output:dtype | dtype:type{int32,int64,uint32,uint64} Tshape:type{index}=int32
StatelessRandomUniformV2 | shape:Tshape key:uint64 counter:uint64 alg:int32 | output:dtype | dtype:type{floating}=float32 Tshape:type{index}=int32
StatelessTruncatedNormal | shape:T seed:Tseed | output:dtype | dtype:type{floating}=float32 T:type{index}=int32 Tseed:type{index}=int64
StatelessTruncatedNormalV2 | shape:Tshape key:uint64 counter:uint64 alg:int32 | output:dtype | dtype:type{floating}=float32 Tshape:type{index}=int32
StatelessWhile | input:[T] | output:[T] | T:list(type) cond:func body:func output_shapes:list(shape)=[] parallel_iterations:int=10
StopGradient | input:T | output:T | T:type
StridedSlice | input:T begin:Index end:Index strides:Index | output:T | T:type Index:type{int16,int32,int64} begin_mask:int=0 end_mask:int=0 ellipsis_mask:int=0 new_axis_mask:int=0 shrink_axis_mask:int=0
StridedSliceGrad | shape:Index begin:Index end:Index strides:Index dy:T | output:T | T:type Index:type{index} begin_mask:int=0 end_mask:int=0 ellipsis_mask:int=0 new_axis_mask:int=0 shrink_axis_mask:int=0
StringFormat | inputs:[T] | output:string | T:list(type) template:string="%s" placeholder:string="%s" summarize:int=3
StringJoin | inputs:N*string | output:string | N:int separator:string=""
StringLength | input:string | output:int32 | unit:string{BYTE,UTF8_CHAR}="BYTE"
StringLower | input:string | output:string | encoding:string=""
StringSplitV2 | input:string sep:string | indices:int64 values:string shape:int64 | maxsplit:int=-1
StringToHashBucketFast | input:string | output:int64 | num_buckets:int
StringToNumber | string_tensor:string | output:out_type | out_type:type{float32,float64,int32,int64}=float32
Sub | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint32,uint64,uint8}
Substr | input:string pos:T len:T | output:string | T:type{index} unit:string{BYTE,UTF8_CHAR}="BYTE"
Sum | input:T reduction_indices:Tidx | output:T | keep_dims:bool=false T:type{number} Tidx:type{index}=int32
Switch | data:T pred:bool | output_false:T output_true:T | T:type
TFRecordDataset! | filenames:string compression_type:string buffer_size:int64 | handle:variant | metadata:string=""
TakeDataset | input_dataset:variant count:int64 | handle:variant | output_types:list(type) output_shapes:list(shape) metadata:string=""
Tan | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Tanh | x:T | y:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
TanhGrad | y:T dy:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
TensorDataset! | components:[Toutput_types] | handle:variant | Toutput_types:list(type) output_shapes:list(shape) metadata:string=""
TensorListElementShape | input_handle:variant | element_shape:shape_type | shape_type:type{index}
TensorListFromTensor | tensor:element_dtype element_shape:shape_type | output_handle:variant | element_dtype:type shape_type:type{index}
TensorListGather | input_handle:variant indices:int32 element_shape:int32 | values:element_dtype | element_dtype:type
TensorListGetItem | input_handle:variant index:int32 element_shape:int32 | item:element_dtype | element_dtype:type
TensorListLength | input_handle:variant | length:int32 |
TensorListPopBack | input_handle:variant element_shape:int32 | output_handle:variant tensor:element_dtype | element_dtype:type
TensorListPushBack | input_handle:variant tensor:element_dtype | output_handle:variant | element_dtype:type
TensorListReserve | element_shape:shape_type num_elements:int32 | handle:variant | element_dtype:type shape_type:type{index}
TensorListScatterIntoExistingList | input_handle:variant tensor:element_dtype indices:int32 | output_handle:variant | element_dtype:type
TensorListSetItem | input_handle:variant index:int32 item:element_dtype | output_handle:variant | element_dtype:type resize_if_index_out_of_bounds:bool=false
TensorListStack | input_handle:variant element_shape:int32 | tensor:element_dtype | element_dtype:type num_elements:int=-1
TensorScatterAdd | tensor:T indices:Tindices updates:T | output:T | T:type Tindices:type{index}
TensorScatterUpdate | tensor:T indices:Tindices updates:T | output:T | T:type Tindices:type{int16,int32,int64,uint16}
TensorSliceDataset! | components:[Toutput_types] | handle:variant | Toutput_types:list(type) output_shapes:list(shape) is_files:bool=false metadata:string="" replicate_on_split:bool=false
TextLineDataset! | filenames:string compression_type:string buffer_size:int64 | handle:variant | metadata:string=""
Tile | input:T multiples:Tmultiples | output:T | T:type Tmultiples:type{index}=int32
Timestamp! | | ts:float64 |
TopKV2 | input:T k:Tk | values:T indices:index_type | sorted:bool=true T:type{real} Tk:type{int16,int32,int64}=int32 index_type:type{int16,int32,int64}=int32
Transpose | x:T perm:Tperm | y:T | T:type Tperm:type{index}=int32
TruncateDiv | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,uint16,uint32,uint64,uint8}
TruncatedNormal! | shape:T | output:dtype | seed:int=0 seed2:int=0 dtype:type{floating} T:type{index}
UnbatchDataset | input_dataset:variant | handle:variant | output_types:list(type) output_shapes:list(shape) metadata:string=""
Unique | x:T | y:T idx:out_idx | T:type out_idx:type{index}=int32
UniqueV2 | x:T axis:Taxis | y:T idx:out_idx | T:type Taxis:type{index}=int64 out_idx:type{index}=int32
Unpack | value:T | output:num*T | num:int T:type axis:int=0
UnsortedSegmentMax | data:T segment_ids:Tindices num_segments:Tnumsegments | output:T | T:type{real} Tindices:type{index} Tnumsegments:type{index}=int32
UnsortedSegmentProd | data:T segment_ids:Tindices num_segments:Tnumsegments | output:T | T:type{number} Tindices:type{index} Tnumsegments:type{index}=int32
UnsortedSegmentSum | data:T segment_ids:Tindices num_segments:Tnumsegments | output:T | T:type{number} Tindices:type{int16,int32,int64} Tnumsegments:type{index}=int32
UpperBound | sorted_inputs:T values:T | output:out_type | T:type out_type:type{index}=int32
VarHandleOp! | | resource:resource | container:string="" shared_name:string="" debug_name:string="" dtype:type shape:shape allowed_devices:list(string)=[]
VarIsInitializedOp! | resource:resource | is_initialized:bool |
VariableShape! | input:resource | output:out_type | out_type:type{index}=int32
Where | input:T | index:int64 | T:type{bfloat16,bool,complex128,complex64,float16,float32,float64,int16,int32,int64,int8,qint16,qint32,qint8,quint16,quint8,uint16,uint32,uint64,uint8}=bool
While! | input:[T] | output:[T] | T:list(type) cond:func body:func output_shapes:list(shape)=[] parallel_iterations:int=10
WindowDataset | input_dataset:variant size:int64 shift:int64 stride:int64 drop_remainder:bool | handle:variant | output_types:list(type) output_shapes:list(shape) metadata:string=""
WriteFile! | filename:string contents:string | |
Xdivy | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
Xlogy | x:T y:T | z:T | T:type{bfloat16,complex128,complex64,float16,float32,float64}
ZerosLike | x:T | y:T | T:type
ZipDataset | input_datasets:N*variant | handle:variant | output_types:list(type) output_shapes:list(shape) N:int metadata:string=""
_FusedConv2D | input:T filter:T args:[TArgs] host_args:num_host_args*float32 | output:T | T:type{float16,float32,float64,int8,qint8} TArgs:list(type) num_args:int num_host_args:int=0 strides:list(int) padding:string{SAME,VALID,EXPLICIT} explicit_paddings:list(int)=[] data_format:string{NHWC,NCHW,NCHW_VECT_C}="NHWC" filter_format:string{HWIO,OIHW,OIHW_VECT_I}="HWIO" dilations:list(int)=[1,1,1,1] use_cudnn_on_gpu:bool=true fused_ops:list(string)=[] epsilon:float=9.9999997e-05 leakyrelu_alpha:float=0.20000000298
_FusedDepthwiseConv2dNative | input:T filter:T args:num_args*T | output:T | T:type{floating} num_args:int strides:list(int) padding:string{SAME,VALID} data_format:string{NHWC,NCHW}="NHWC" dilations:list(int)=[1,1,1,1] fused_ops:list(string)=[] epsilon:float=9.9999997e-05 leakyrelu_alpha:float=0.20000000298
_FusedMatMul | a:T b:T args:num_args*T | product:T | transpose_a:bool=false transpose_b:bool=false T:type{bfloat16,float16,float32} num_args:int fused_ops:list(string)=[] epsilon:float=9.9999997e-05 leakyrelu_alpha:float=0.20000000298
`;
