/** Bytes in a page: of memory (Intel SDM, volume 3, 4.5), of images of it, and of a sparse disk. */
export const pageSize = 4096;
