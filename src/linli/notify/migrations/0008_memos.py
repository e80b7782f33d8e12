from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notify', '0007_order_messages'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='ordermessage', name='order_message_once'),
        migrations.RenameModel('OrderMessage', 'Memo'),
        migrations.RenameField('Memo', 'order', 'subject'),
        migrations.AlterField('Memo', 'subject', models.UUIDField()),
        migrations.AddField(
            'Memo', 'sort', models.CharField(default='order', max_length=12), preserve_default=False
        ),
        migrations.AlterField('Memo', 'number', models.PositiveSmallIntegerField(default=1)),
        migrations.RenameIndex('Memo', new_name='memo_inbox', old_name='order_message_inbox'),
        migrations.RenameIndex('Memo', new_name='memo_unread', old_name='order_message_unread'),
        migrations.AddConstraint(
            'Memo',
            models.UniqueConstraint(fields=('sort', 'subject', 'number', 'person'), name='memo_once'),
        ),
    ]
