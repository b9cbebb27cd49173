import { Module } from '@nestjs/common';
import { ItemImports } from '../imports/item-imports.js';
import { Transitions } from './transitions.js';

/** What every feature that changes items needs. */
@Module({ providers: [Transitions, ItemImports], exports: [Transitions, ItemImports] })
export class ItemsModule {}
