import { Injectable } from '@nestjs/common';
import { RunInExecutor } from '../../lib/index.js';
import { jpegToPng } from './jpeg-to-png.js';

/** Converts photographs with libraries in plain JavaScript. */
@Injectable()
export class PhotoService {
  convertInline(jpeg: Buffer, width: number): Buffer {
    return jpegToPng(jpeg, width);
  }

  @RunInExecutor('cpu')
  async convert(jpeg: Buffer, width: number): Promise<Buffer> {
    return this.convertInline(jpeg, width);
  }
}
