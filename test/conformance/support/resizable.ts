/**
 * ArrayBuffers that shrink and grow (ES2024), which Node has and the `lib` that we compile against does not name.
 */

export interface ResizableBuffer extends ArrayBuffer {
  resize(byteLength: number): void;
}

type ResizableConstructor = new (
  byteLength: number,
  options: { readonly maxByteLength: number },
) => ResizableBuffer;

export function resizable(byteLength: number, maxByteLength: number): ResizableBuffer {
  const Resizable = ArrayBuffer as unknown as ResizableConstructor;
  return new Resizable(byteLength, { maxByteLength });
}
