import { Body, Controller, HttpCode, ParseIntPipe, Post, Query, StreamableFile } from '@nestjs/common';
import { PhotoService } from './photo.service.js';

@Controller('photo')
export class PhotoController {
  constructor(private readonly photo: PhotoService) {}

  @Post('inline')
  @HttpCode(200)
  inline(@Body() jpeg: Buffer, @Query('width', ParseIntPipe) width: number) {
    return pngFile(this.photo.convertInline(jpeg, width));
  }

  @Post('executor')
  @HttpCode(200)
  async executor(@Body() jpeg: Buffer, @Query('width', ParseIntPipe) width: number) {
    return pngFile(await this.photo.convert(jpeg, width));
  }
}

function pngFile(png: Buffer): StreamableFile {
  return new StreamableFile(png, { type: 'image/png' });
}
