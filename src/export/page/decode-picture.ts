export interface DecodedPicture {
  /** RGBA, not premultiplied, upright. */
  pixels: Uint8Array;
  height: number;
  width: number;
}

/**
 * Decodes a picture without colour management and without premultiplying, so that the bytes are those that the engine
 * saw. Read back through WebGL: a 2D canvas premultiplies and loses the colour of half-transparent pixels.
 * @throws when the browser can't decode it.
 */
export async function decodePicture(source: ImageBitmapSource): Promise<DecodedPicture> {
  const bitmap = await createImageBitmap(source, {
    imageOrientation: 'from-image',
    premultiplyAlpha: 'none',
    colorSpaceConversion: 'none',
  });
  try {
    return readThroughWebGl(bitmap) ?? readThroughCanvas(bitmap);
  } finally {
    bitmap.close();
  }
}

function readThroughWebGl(bitmap: ImageBitmap): DecodedPicture | null {
  const { width, height } = bitmap;
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2');
  if (!gl) return null;
  try {
    if (Math.max(width, height) > gl.getParameter(gl.MAX_TEXTURE_SIZE)) return null;
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false);
    gl.pixelStorei(gl.UNPACK_COLORSPACE_CONVERSION_WEBGL, gl.NONE);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap);
    gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
    gl.framebufferTexture2D(
      gl.FRAMEBUFFER,
      gl.COLOR_ATTACHMENT0,
      gl.TEXTURE_2D,
      gl.getParameter(gl.TEXTURE_BINDING_2D),
      0,
    );
    if (gl.checkFramebufferStatus(gl.FRAMEBUFFER) !== gl.FRAMEBUFFER_COMPLETE) return null;
    const pixels = new Uint8Array(width * height * 4);
    gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return gl.getError() === gl.NO_ERROR ? { pixels, height, width } : null;
  } finally {
    gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}

function readThroughCanvas(bitmap: ImageBitmap): DecodedPicture {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser has no canvas to read pictures with.');
  context.drawImage(bitmap, 0, 0);
  return { pixels: new Uint8Array(context.getImageData(0, 0, width, height).data.buffer), height, width };
}
