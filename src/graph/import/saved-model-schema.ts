import protobuf from 'protobufjs';

// What is read of tensorflow/core/protobuf/{saved_model,meta_graph,saved_object_graph,trackable_object_graph,struct}.proto and
// tensorflow/core/framework/{graph,node_def,function,op_def,attr_value,tensor,tensor_shape}.proto. Functions stay encoded:
// they go as they are into the graphs that call them.
const { root } = protobuf.parse(
  `syntax = "proto3";
message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraph meta_graphs = 2; }
message MetaGraph {
  message Info { repeated string tags = 4; string tensorflow_version = 5; }
  Info meta_info_def = 1; Graph graph_def = 2; map<string, Signature> signature_def = 5; ObjectGraph object_graph_def = 7;
}
message Signature { map<string, TensorInfo> inputs = 1; map<string, TensorInfo> outputs = 2; }
message TensorInfo { string name = 1; int32 dtype = 2; Shape tensor_shape = 3; }
message Graph { repeated Node node = 1; Library library = 2; }
message Library { repeated bytes function = 1; }
message Node { string name = 1; string op = 2; repeated string input = 3; map<string, Attribute> attr = 5; }
message Function {
  FunctionSignature signature = 1; repeated Node node_def = 3; map<string, Attribute> attr = 5;
}
message FunctionSignature {
  message Argument { string name = 1; int32 type = 3; }
  string name = 1; repeated Argument input_arg = 2; repeated Argument output_arg = 3;
}
message Attribute {
  message List { repeated FunctionName func = 9; }
  List list = 1; TensorValue tensor = 8; FunctionName func = 10;
}
message FunctionName { string name = 1; map<string, Attribute> attr = 2; }
message TensorValue {
  int32 dtype = 1; Shape tensor_shape = 2; bytes tensor_content = 4; repeated float float_val = 5;
  repeated double double_val = 6; repeated int32 int_val = 7; repeated bytes string_val = 8; repeated int64 int64_val = 10;
  repeated bool bool_val = 11;
}
message Shape { message Dimension { int64 size = 1; } repeated Dimension dim = 2; bool unknown_rank = 3; }

message ObjectGraph { repeated SavedObject nodes = 1; map<string, ConcreteFunction> concrete_functions = 2; }
message SavedObject {
  repeated Reference children = 1; SavedFunction function = 6; SavedVariable variable = 7; BareFunction bare_concrete_function = 8;
  SavedConstant constant = 9;
}
message Reference { int32 node_id = 1; string local_name = 2; }
message SavedFunction { repeated string concrete_functions = 1; }
message SavedVariable { int32 dtype = 1; Shape shape = 2; bool trainable = 3; string name = 6; }
message BareFunction { string concrete_function_name = 1; }
message SavedConstant { string operation = 1; }
message ConcreteFunction {
  repeated int32 bound_inputs = 2; Structure canonicalized_input_signature = 3; Structure output_signature = 4;
}
message Structure {
  message None {}
  message Specification { string name = 1; Shape shape = 2; int32 dtype = 3; }
  message Values { repeated Structure values = 1; }
  message Fields { map<string, Structure> fields = 1; }
  message Pair { string key = 1; Structure value = 2; }
  message NamedTuple { string name = 1; repeated Pair values = 2; }
  oneof kind {
    None none_value = 1; double float64_value = 11; sint64 int64_value = 12; string string_value = 13; bool bool_value = 14;
    Specification tensor_spec_value = 33; Specification bounded_tensor_spec_value = 35; Values list_value = 51;
    Values tuple_value = 52; Fields dict_value = 53; NamedTuple named_tuple_value = 54;
  }
}

message CheckpointGraph { repeated CheckpointObject nodes = 1; }
message CheckpointObject {
  message SerializedTensor { string name = 1; string full_name = 2; string checkpoint_key = 3; }
  repeated Reference children = 1; repeated SerializedTensor attributes = 2;
}`,
  { keepCase: true },
);

export interface EncodedShape {
  dim: { size: number }[];
  unknown_rank: boolean;
}

export interface EncodedTensor {
  dtype: number;
  tensor_shape?: EncodedShape | null;
  tensor_content: Uint8Array;
  float_val: number[];
  double_val: number[];
  int_val: number[];
  string_val: Uint8Array[];
  int64_val: number[];
  bool_val: boolean[];
}

export interface EncodedAttribute {
  list?: { func: { name: string }[] } | null;
  tensor?: EncodedTensor | null;
  func?: { name: string } | null;
}

export interface EncodedNode {
  name: string;
  op: string;
  attr: Record<string, EncodedAttribute>;
}

export interface EncodedFunction {
  signature: {
    name: string;
    input_arg: { name: string; type: number }[];
    output_arg: { name: string; type: number }[];
  };
  node_def: EncodedNode[];
  attr: Record<string, EncodedAttribute>;
}

export interface EncodedSpecification {
  name: string;
  shape?: EncodedShape | null;
  dtype: number;
}

/** Nested arguments or results of a Python function. */
export interface EncodedStructure {
  kind?: string;
  float64_value?: number;
  int64_value?: number;
  string_value?: string;
  bool_value?: boolean;
  tensor_spec_value?: EncodedSpecification;
  bounded_tensor_spec_value?: EncodedSpecification;
  list_value?: { values: EncodedStructure[] };
  tuple_value?: { values: EncodedStructure[] };
  dict_value?: { fields: Record<string, EncodedStructure> };
  named_tuple_value?: { values: { key: string; value: EncodedStructure }[] };
}

export interface EncodedReference {
  node_id: number;
  local_name: string;
}

export interface EncodedObject {
  children: EncodedReference[];
  function?: { concrete_functions: string[] } | null;
  variable?: { dtype: number; shape?: EncodedShape | null; trainable: boolean; name: string } | null;
  bare_concrete_function?: { concrete_function_name: string } | null;
  constant?: { operation: string } | null;
}

export interface EncodedConcreteFunction {
  bound_inputs: number[];
  canonicalized_input_signature?: EncodedStructure | null;
  output_signature?: EncodedStructure | null;
}

export interface EncodedMetaGraph {
  meta_info_def?: { tags: string[]; tensorflow_version: string } | null;
  graph_def?: { node: EncodedNode[]; library?: { function: Uint8Array[] } | null } | null;
  signature_def: Record<string, unknown>;
  object_graph_def?: {
    nodes: EncodedObject[];
    concrete_functions: Record<string, EncodedConcreteFunction>;
  } | null;
}

export interface EncodedCheckpointGraph {
  nodes: { children: EncodedReference[]; attributes: { name: string; checkpoint_key: string }[] }[];
}

function decode<Message>(type: string, data: Uint8Array): Message {
  const message = root.lookupType(type);
  return message.toObject(message.decode(data), {
    longs: Number,
    enums: Number,
    arrays: true,
    objects: true,
    defaults: true,
    oneofs: true,
  }) as Message;
}

/** @throws Error when the bytes are no such message */
export function decodeSavedModel(data: Uint8Array): { meta_graphs: EncodedMetaGraph[] } {
  return decode('SavedModel', data);
}

/** @throws Error when the bytes are no such message */
export function decodeFunction(data: Uint8Array): EncodedFunction {
  return decode('Function', data);
}

/** @throws Error when the bytes are no such message */
export function decodeCheckpointGraph(data: Uint8Array): EncodedCheckpointGraph {
  return decode('CheckpointGraph', data);
}
