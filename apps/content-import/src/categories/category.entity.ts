import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, Unique } from 'typeorm';

/** What dialogues are filed under; made by the first import that names it. */
@Entity('categories')
@Unique('categories_name_key', ['name'])
export class Category {
  @PrimaryGeneratedColumn({ primaryKeyConstraintName: 'categories_pkey' })
  id!: number;

  @Column({ type: 'varchar', length: 100 })
  name!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
