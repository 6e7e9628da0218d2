import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';

/** ConfigService is made by a factory, so that the workers need this module as their context. */
@Module({ imports: [ConfigModule.forRoot({ ignoreEnvFile: true })], exports: [ConfigModule] })
export class SettingsModule {}
